/**
 * One user's session on this device: the connection with its retries, the store, the messages on their way, and
 * the pages that share all of it.
 *
 * @module
 */

import { NCCode } from '../codes.js';
import { ConnectionStatus, SentStatus } from '../enums.js';
import type { Welcome } from '../gen/nuncio/v1/frame_pb.js';
import type { Account, Entry, Profile } from '../gen/nuncio/v1/message_pb.js';
import type { AnswerBody, CoreCalls, CoreConfig, CoreEvent, Failure, RequestInit } from './api.js';
import { pauseBefore } from './backoff.js';
import { Changes } from './changes.js';
import { Connection } from './connection.js';
import type { Env } from './env.js';
import { pause } from './env.js';
import { failureOf, planAfter, Refused, refused } from './failure.js';
import type { CoreHost, Page } from './host.js';
import { Library } from './library.js';
import { keyOfChannel, messageRecord } from './records.js';
import { Sender } from './sender.js';
import type { Store } from './store.js';
import { Sync } from './sync.js';
import { Typing } from './typing.js';
import { SDK_VERSION } from '../version.js';

/** How long `connect` without a time limit waits before it answers; the attempts go on. */
const CONNECT_ANSWER_MS = 30_000;
/** How long a page may take to get a new token. */
const TOKEN_MS = 60_000;
/** A connection that lasted less did not end the row of failures. */
const STABLE_MS = 5_000;
/** How long a logout waits for its answer. */
const LOGOUT_MS = 2_000;
/** How long the store stays open after the last page has gone. */
const CLOSE_STORE_MS = 2_000;

interface Opened {
  connection: Connection;
  welcome: Welcome;
}

/** See the module. */
export class Core {
  readonly pages = new Set<Page>();
  userId = '';
  token = '';
  status = ConnectionStatus.DISCONNECTED;

  private store: Store | undefined;
  private library: Library | undefined;
  private sync: Sync | undefined;
  private connection: Connection | undefined;
  private synced: Promise<void> | undefined;
  private hasSynced = false;
  private generation = 0;
  private serverIndex = 0;
  private clockDelta = 0;
  private wake = (): void => undefined;
  private lastFailure: Failure = { code: NCCode.NOT_CONNECTED, message: 'not connected' };
  private waiters = new Set<(failure?: Failure) => void>();
  private account: Account | undefined;
  private readonly sender: Sender;
  private readonly changes: Changes;
  private readonly typing: Typing;
  private readonly env: Env;

  constructor(
    readonly config: CoreConfig,
    private readonly host: CoreHost,
  ) {
    this.env = host.env;
    this.typing = new Typing(this.env, (event) => this.tell(event));
    this.changes = new Changes({
      userId: () => this.userId,
      now: () => this.serverNow(),
      request: (body) => this.request(body),
      library: () => this.books(),
      syncedLibrary: () => this.syncedBooks(),
      tell: (event, except) => this.tell(event, except),
    });
    this.sender = new Sender({
      env: this.env,
      sendTimeoutMs: config.sendTimeoutMs,
      connection: () => this.connection,
      userId: () => this.userId,
      now: () => this.serverNow(),
      refusal: () => (this.status === ConnectionStatus.DISCONNECTED ? this.lastFailure : undefined),
      library: () => this.books(),
      unsent: async () => {
        const all = await this.shelf().transact('readonly', (tx) => tx.all('messages'));
        return all.filter((message) => message.status === SentStatus.SENDING);
      },
      stored: (seq) => this.sync?.acknowledge(seq),
      tell: (event, except) => this.tell(event, except),
    });
    this.env.onOnline(() => this.wake());
  }

  /** Settles when the user is known, or the login has failed for good. */
  whoIsIt(): Promise<unknown> {
    return this.userId === '' && this.status !== ConnectionStatus.DISCONNECTED
      ? this.connected().catch(() => undefined)
      : Promise.resolve();
  }

  /** Opens the store of a user who is known before the login, so that the page has something to show. */
  async openStore(userId: string): Promise<void> {
    if (this.userId !== '') return;
    this.userId = userId;
    const name = `nuncio:${this.config.appKey}:${userId}`;
    const store = await this.env.openStore(name, this.config.store);
    this.store = store;
    const connection = (): Connection | undefined => this.connection;
    this.library = new Library({ store, userId, now: () => this.serverNow(), connection });
    this.hasSynced = (await store.transact('readonly', (tx) => tx.get('meta', 'cursor'))) !== undefined;
  }

  /** Adds a page and tells it how things stand. */
  attach(page: Page): void {
    this.pages.add(page);
    if (this.status === ConnectionStatus.DISCONNECTED) return;
    page.tell({ kind: 'clock', delta: this.clockDelta });
    if (this.account !== undefined) page.tell({ kind: 'account', account: this.account });
    page.tell({ kind: 'status', status: this.status, userId: this.userId });
    if (this.status === ConnectionStatus.CONNECTED) {
      void this.synced?.then(
        () => this.tellSynced([page]),
        () => undefined, // The connection is lost; the next one's sync tells every page.
      );
    }
  }

  /** The user logs out on a page; on the last one, on the device: it is not pushed to any more. */
  async logOut(page: Page): Promise<void> {
    if (this.pages.size > 1 || !this.pages.has(page)) return;
    // Without a connection, or an answer, the login just ends.
    await this.connection?.request({ case: 'logout', value: {} }, LOGOUT_MS).catch(() => undefined);
  }

  /** Takes a page away; without pages the session ends. */
  detach(page: Page): void {
    this.pages.delete(page);
    if (this.pages.size > 0) return;
    this.halt({ code: NCCode.NOT_CONNECTED, message: 'disconnected' }, true);
    // What waited to be sent is being marked as failed just now.
    this.env.timer(CLOSE_STORE_MS, () => this.store?.close());
  }

  /** Begins or resumes with this token, keeping what waits to be sent. */
  start(token: string): void {
    this.token = token;
    this.generation += 1;
    this.wake();
    void this.run(this.generation);
  }

  /** A new token instead of one that has expired. */
  renew(token: string): void {
    if (this.status === ConnectionStatus.DISCONNECTED) return this.start(token);
    this.token = token;
    this.wake();
  }

  /** Takes over a connection that another session of the same user has just opened. */
  adopt(opened: Opened, token: string): void {
    this.token = token;
    this.generation += 1;
    this.wake();
    this.connection?.close();
    void this.run(this.generation, opened);
  }

  /** Settles once connected, refused for good, or after the time limit. */
  connected(timeoutMs?: number): Promise<{ userId: string }> {
    if (this.status === ConnectionStatus.CONNECTED) return Promise.resolve({ userId: this.userId });
    return new Promise((resolve, reject) => {
      const settle = (failure?: Failure): void => {
        cancel();
        this.waiters.delete(settle);
        if (failure) reject(new Refused(failure));
        else resolve({ userId: this.userId });
      };
      const cancel = this.env.timer(timeoutMs ?? CONNECT_ANSWER_MS, () => {
        if (timeoutMs === undefined) return settle(this.lastFailure);
        const failure = { code: NCCode.CONNECT_TIMEOUT, message: `not connected within ${timeoutMs} ms` };
        if (this.pages.size <= 1) this.halt(failure);
        settle(failure);
      });
      this.waiters.add(settle);
    });
  }

  /** Answers a call of a page's; `connect` and `disconnect` are the hub's. */
  call(page: Page, name: keyof CoreCalls, argument: unknown): Promise<unknown> {
    const calls = this.calls(page);
    const call = calls[name as keyof typeof calls] as ((argument: unknown) => Promise<unknown>) | undefined;
    if (call === undefined) return Promise.reject(refused(NCCode.NOT_AVAILABLE, `there is no call ${name}`));
    return call(argument);
  }

  private calls(page: Page): Omit<CoreCalls, 'connect' | 'disconnect'> {
    return {
      request: (body) => this.changes.ask(body),
      profiles: ({ userIds }) => this.profiles(userIds),
      send: (message) => this.sender.send(page, message),
      cancelSend: ({ clientId }) => Promise.resolve(this.sender.outbox.cancel(clientId)),
      insertMessages: async (records) => (await this.syncedBooks()).insert(records),
      channels: async ({ keys }) => (await this.syncedBooks()).channels(keys),
      syncChannels: () => this.readChannels(),
      history: (p) => this.books().history(p.channel, p.from, p.ascending, p.limit),
      findMessages: async ({ messageIds = [], clientId }) => (await this.syncedBooks()).find(messageIds, clientId),
      search: async (params) => (await this.syncedBooks()).search(params),
      lookUp: async (p) => (await this.syncedBooks()).lookUp(p.channel, p.messageId),
      edit: (p) => this.changes.edit(page, p.channel, p.messageId, p.content),
      recall: (p) => this.changes.recall(page, p.channel, p.messageId),
      markRead: (p) => this.changes.markRead(page, p.channel, p.messageId),
      hideMessages: async (p) => (await this.syncedBooks()).hide(p.channel, p.keys, p.before),
      changeChannel: ({ channel, change }) => this.changes.changeChannel(page, channel, change),
    };
  }

  private async run(generation: number, first?: Opened): Promise<void> {
    let ready = first;
    let renewals = 0;
    for (let attempt = 0; generation === this.generation; attempt++) {
      let failure: Failure;
      this.setStatus(ConnectionStatus.CONNECTING);
      try {
        const opened = ready ?? (await this.open());
        ready = undefined;
        if (generation !== this.generation) return opened.connection.close();
        const openedAt = this.env.now();
        if (!(await this.welcome(opened))) return;
        failure = await opened.connection.ended;
        if (this.env.now() - openedAt >= STABLE_MS) attempt = renewals = 0;
      } catch (error) {
        failure = failureOf(error);
      }
      if (generation !== this.generation) return;
      this.connection = undefined;
      this.sync = undefined;
      if (failure.code === NCCode.KICKED_BY_NEWER_DEVICE) {
        // The newer connection may be this device's own: a tab with another token, which then hands it over.
        await this.host.othersLogin(this);
        if (generation !== this.generation) return;
      }
      const plan = planAfter(failure);
      if (plan.next === 'newToken' && renewals++ < 3 && (await this.renewToken(generation, failure))) continue;
      if (generation !== this.generation) return;
      if (plan.next !== 'retry') return this.halt(failure);
      this.setStatus(ConnectionStatus.SUSPENDED, failure);
      this.serverIndex += 1;
      const chance = this.env.random();
      const ms = plan.leastDelayMs + plan.spreadMs * chance + pauseBefore(attempt, this.config.reconnect, chance);
      const wait = pause(this.env, ms);
      this.wake = wait.wake;
      await wait.done;
    }
  }

  private async open(): Promise<Opened> {
    const { servers, appKey, requestTimeoutMs, deviceSuffix } = this.config;
    const url = servers[this.serverIndex % servers.length] as string;
    const deviceId = await this.host.deviceId(deviceSuffix);
    return Connection.open(this.env, {
      url,
      appKey,
      token: this.token,
      deviceId,
      sdkVersion: SDK_VERSION,
      requestTimeoutMs,
    });
  }

  /** The login was accepted. Answers false when another session of the same user takes over. */
  private async welcome(opened: Opened): Promise<boolean> {
    const { connection, welcome } = opened;
    if (this.userId === '') {
      const elder = this.host.elder(this, welcome.userId);
      if (elder !== undefined) {
        this.generation += 1;
        elder.adopt(opened, this.token);
        this.moveTo(elder);
        return false;
      }
      await this.openStore(welcome.userId);
    } else if (welcome.userId !== this.userId) {
      const failure = { code: NCCode.TOKEN_INVALID, message: `the token is ${welcome.userId}'s, not ${this.userId}'s` };
      connection.close(failure);
      throw new Refused(failure);
    }
    const store = this.shelf();
    const sync = await Sync.begin(
      {
        env: this.env,
        store,
        userId: this.userId,
        isOurs: (id) => this.sender.isOurs(id),
        tell: (event) => this.tellEntry(event),
      },
      connection,
      welcome,
    );
    if (connection.isOver) return true;
    await this.host.rememberToken(this.token, this.userId);
    const { account } = welcome;
    if (account) {
      await store.transact('readwrite', async (tx) => tx.put('meta', { key: 'account', value: account }));
      this.account = account;
      this.tell({ kind: 'account', account });
    }
    this.sync = sync;
    this.connection = connection;
    this.setClock(Number(welcome.serverTime));
    this.synced = sync.catchUp();
    this.synced.then(
      () => {
        this.hasSynced = true;
        this.tellSynced(this.pages);
        void this.sender.resume();
      },
      () => undefined, // The connection is lost; its end is handled where it is awaited.
    );
    connection.listen((body) => this.pushed(body));
    this.setStatus(ConnectionStatus.CONNECTED);
    this.sender.outbox.flush();
    return true;
  }

  private moveTo(elder: Core): void {
    for (const page of this.pages) elder.pages.add(page);
    this.pages.clear();
    for (const settle of [...this.waiters]) {
      elder.connected().then(
        () => {
          this.userId = elder.userId;
          settle();
        },
        (error: unknown) => settle(failureOf(error)),
      );
    }
  }

  /** Asks a page for a new token, and waits for it. */
  private async renewToken(generation: number, failure: Failure): Promise<boolean> {
    const page = [...this.pages].find((p) => p.hasTokenProvider);
    if (page === undefined) return false;
    const old = this.token;
    this.setStatus(ConnectionStatus.SUSPENDED, failure);
    const wait = pause(this.env, TOKEN_MS);
    this.wake = wait.wake;
    page.tell({ kind: 'tokenNeeded' });
    await wait.done;
    return generation === this.generation && this.token !== old;
  }

  /** Stops without another try. What waits to be sent keeps waiting for a new token, unless the user has gone. */
  halt(failure: Failure, signedOut = false): void {
    this.generation += 1;
    this.wake();
    this.lastFailure = failure;
    this.connection?.close(failure);
    this.connection = undefined;
    this.sync = undefined;
    if (signedOut || failure.code !== NCCode.TOKEN_EXPIRED) this.sender.outbox.failAll(failure);
    this.setStatus(ConnectionStatus.DISCONNECTED, failure);
    for (const settle of [...this.waiters]) settle(failure);
  }

  private setStatus(status: ConnectionStatus, failure?: Failure): void {
    if (failure) this.lastFailure = failure;
    if (this.status === status && status !== ConnectionStatus.SUSPENDED) return;
    this.status = status;
    this.tell({ kind: 'status', status, userId: this.userId, ...(failure ? { failure } : {}) });
    if (status === ConnectionStatus.CONNECTED) for (const settle of [...this.waiters]) settle();
  }

  private setClock(serverTime: number): void {
    this.clockDelta = this.env.now() - serverTime;
    this.tell({ kind: 'clock', delta: this.clockDelta });
  }

  private serverNow(): number {
    return this.env.now() - this.clockDelta;
  }

  private pushed(body: AnswerBody): void {
    switch (body.case) {
      case 'entry':
        if (body.value.seq > 0n) this.sync?.offer(body.value);
        else void this.passing(body.value);
        return;
      case 'typing':
        return this.typing.begin(keyOfChannel(body.value.channel), body.value.userId, body.value.type);
      case 'subscriptionsChanged': {
        const { subscriptions } = body.value;
        if (this.changes.areForeign(subscriptions)) this.tell({ kind: 'subscriptions', subscriptions });
        return;
      }
      case 'presenceChanged':
        return this.tell({ kind: 'presence', states: body.value.states });
      case 'pong':
        this.setClock(Number(body.value.serverTime));
        return this.sync?.hear(Number(body.value.inboxHead));
    }
  }

  /** What has no place in the inbox: a transient message, a friend's new profile, who has read in a group. */
  private async passing(entry: Entry): Promise<void> {
    const { body } = entry;
    if (body.case === 'message') {
      const record = { ...messageRecord(body.value, this.userId, this.env.now()), transient: true };
      this.tellEntry({ kind: 'messages', messages: [record] });
    } else if (body.case === 'readReceipts') {
      const receipts = body.value.receipts.map(({ messageId, readCount, unreadCount }) => ({ messageId, readCount, unreadCount }));
      this.tell({ kind: 'groupReceipts', channel: keyOfChannel(body.value.channel), receipts });
    } else if (body.case === 'profileChanged' && body.value.profile !== undefined) {
      const { profile, friend } = body.value;
      await this.shelf().transact('readwrite', async (tx) => tx.put('profiles', profile));
      this.tell({ kind: 'profile', profile, friend, at: Number(entry.at) });
    }
  }

  /** Tells the pages what an entry brought. Whoever's message came does not type any more. */
  private tellEntry(event: CoreEvent): void {
    switch (event.kind) {
      case 'messages':
        for (const message of event.messages) this.typing.end(message.channel, message.senderId);
        return this.tell(event);
      case 'account':
        this.account = event.account;
        return this.tell(event);
      default:
        return this.tell(event, this.changes.authorOf(event));
    }
  }

  private tell(event: CoreEvent, except?: Page): void {
    for (const page of this.pages) if (page !== except) page.tell(event);
  }

  private tellSynced(pages: Iterable<Page>): void {
    for (const page of pages) {
      page.tell({ kind: 'channelsSynced' });
      page.tell({ kind: 'offlineSynced' });
    }
  }

  private shelf(): Store {
    if (this.store === undefined) throw new Refused(this.lastFailure);
    return this.store;
  }

  private books(): Library {
    if (this.library === undefined) throw new Refused(this.lastFailure);
    return this.library;
  }

  /** A device that has nothing yet waits for its first look at the channels, as long as there is a connection. */
  private async syncedBooks(): Promise<Library> {
    if (!this.hasSynced && this.connection !== undefined) await this.synced?.catch(() => undefined);
    return this.books();
  }

  private async readChannels(): Promise<void> {
    if (this.sync === undefined) throw new Refused(this.lastFailure);
    await this.sync.readChannels();
    this.tell({ kind: 'channelsSynced' });
  }

  private request(body: RequestInit): Promise<AnswerBody> {
    if (this.connection === undefined) {
      return Promise.reject(refused(NCCode.NOT_CONNECTED, `${body.case} needs a connection: ${this.lastFailure.message}`));
    }
    return this.connection.request(body);
  }

  /** From the server, else as they were when last seen. */
  private async profiles(userIds: string[]): Promise<Profile[]> {
    if (this.connection === undefined) {
      const ids = userIds.length === 0 ? [this.userId] : userIds;
      const known = await this.shelf().transact('readonly', (tx) => Promise.all(ids.map((id) => tx.get('profiles', id))));
      return known.filter((profile) => profile !== undefined);
    }
    const answer = await this.connection.request({ case: 'getProfiles', value: { userIds } });
    const profiles = answer.case === 'profiles' ? answer.value.profiles : [];
    await this.shelf().transact('readwrite', async (tx) => {
      for (const profile of profiles) tx.put('profiles', profile);
    });
    return profiles;
  }
}

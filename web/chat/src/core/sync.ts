/**
 * Keeps the store in step with the user's inbox over one connection: applies what is pushed, fetches what is
 * missing, and reads the channels anew on a device that knows nothing or too little.
 *
 * @module
 */

import type { Welcome } from '../gen/nuncio/v1/frame_pb.js';
import type { ChannelSettings, ChannelState, Entry } from '../gen/nuncio/v1/message_pb.js';
import { NCCode } from '../codes.js';
import type { ChannelRecord, CoreEvent, MessageRecord } from './api.js';
import type { Connection } from './connection.js';
import type { EntryWorld } from './entries.js';
import { EntryWriter, withEdit } from './entries.js';
import type { Env } from './env.js';
import { pause } from './env.js';
import { Refused, refused } from './failure.js';
import { Inbox } from './inbox.js';
import { channelRecord, emptyChannel, hasSettings, keyOfChannel, withSettings } from './records.js';
import type { Store } from './store.js';

/** Entries asked for at once. */
const PAGE = 500;
/** A device that missed more than this reads its channels anew instead of every step. */
const TOO_FAR = 5_000;
/** Channels read at most. */
const CHANNELS = 5_000;
/** The least pause after a refused request, in milliseconds. */
const RETRY_MS = 1_000;

interface InboxStep {
  seq: number;
  /** Absent for a step that is in the store already: the acknowledgement of an own message. */
  entry?: Entry;
}

/** What a sync needs from its session. */
export interface SyncHost {
  env: Env;
  store: Store;
  userId: string;
  isOurs: EntryWorld['isOurs'];
  tell(event: CoreEvent): void;
}

/** See the module. */
export class Sync {
  private overlapThrough = 0;
  private bootstrapping = false;
  private draining: Promise<void> | undefined;

  private constructor(
    private readonly host: SyncHost,
    private readonly connection: Connection,
    private readonly inbox: Inbox<InboxStep>,
    private readonly head: number,
    private readonly isFresh: boolean,
  ) {
    connection.cursor = () => this.inbox.cursor;
  }

  /** For a connection that has just been welcomed. */
  static async begin(host: SyncHost, connection: Connection, welcome: Welcome): Promise<Sync> {
    const [cursor, begun] = await host.store.transact('readonly', async (tx) => [
      (await tx.get('meta', 'cursor'))?.value as number | undefined,
      (await tx.get('meta', 'begun'))?.value as number | undefined,
    ]);
    const [head, floor] = [Number(welcome.inboxHead), Number(welcome.inboxFloor)];
    const reaches = (from: number | undefined): from is number =>
      from !== undefined && from >= floor && from <= head && head - from <= TOO_FAR;
    if (reaches(cursor)) return new Sync(host, connection, new Inbox(cursor), head, false);
    // What comes from the first login on is told, also when the connection is lost before the channels have been read.
    const from = cursor === undefined && reaches(begun) ? begun : head;
    if (cursor === undefined && from !== begun) {
      await host.store.transact('readwrite', async (tx) => tx.put('meta', { key: 'begun', value: from }));
    }
    return new Sync(host, connection, new Inbox(from), head, true);
  }

  /** Brings the store up to the inbox's head. Rejects with {@link Refused} when the connection ends before. */
  async catchUp(): Promise<void> {
    if (this.isFresh) await this.readChannels();
    this.inbox.hear(this.head);
    await this.drain();
    if (this.connection.isOver) throw refused(NCCode.CONNECTION_LOST, 'the connection was lost during the sync');
  }

  /** A pushed entry. */
  offer(entry: Entry): void {
    this.inbox.offer({ seq: Number(entry.seq), entry });
    void this.drain();
  }

  /** An own message with this number is in the store. */
  acknowledge(seq: number): void {
    this.inbox.offer({ seq });
    void this.drain();
  }

  /** The inbox is said to reach up to `head`. */
  hear(head: number): void {
    this.inbox.hear(head);
    void this.drain();
  }

  /** Reads all channels' states, and begins the inbox where they were read. */
  async readChannels(): Promise<void> {
    this.bootstrapping = true;
    try {
      const states = await this.fetchChannels();
      const settings = await this.fetchSettings();
      const pong = await this.persist(() => this.connection.request({ case: 'ping', value: {} }));
      // Entries between the login and this moment may or may not be in the states.
      if (pong.case === 'pong') this.overlapThrough = Number(pong.value.inboxHead);
      const { store, userId, env } = this.host;
      await store.transact('readwrite', async (tx) => {
        for (const state of states) {
          const old = await tx.get('channels', keyOfChannel(state.channel));
          const channel: ChannelRecord = channelRecord(state, old, userId, env.now());
          if (channel.latest) {
            const known = await tx.get('messages', channel.latest.key);
            const latest: MessageRecord = known ? withEdit(known, channel.latest) : channel.latest;
            channel.latest = latest.hidden ? null : latest;
            tx.put('messages', latest);
          }
          tx.put('channels', channel);
        }
        for (const channel of await tx.all('channels')) {
          if (hasSettings(channel.key)) tx.put('channels', withSettings(channel, settings.get(channel.key), env.now()));
          settings.delete(channel.key);
        }
        for (const [key, set] of settings) tx.put('channels', withSettings(emptyChannel(key), set, env.now()));
        tx.put('meta', { key: 'cursor', value: this.inbox.cursor });
      });
    } finally {
      this.bootstrapping = false;
    }
  }

  private async fetchChannels(): Promise<ChannelState[]> {
    const found = new Map<string, ChannelState>();
    let before = 0n;
    for (;;) {
      const answer = await this.persist(() =>
        this.connection.request({ case: 'getChannels', value: { before, limit: 100 } }),
      );
      if (answer.case !== 'channelStates') break;
      const known = found.size;
      for (const state of answer.value.channels) {
        found.set(keyOfChannel(state.channel), state);
        // One later, so that channels of the same millisecond on either side of the page's end are not lost.
        before = state.updatedAt + 1n;
      }
      if (!answer.value.hasMore || found.size === known || found.size >= CHANNELS) break;
    }
    return [...found.values()];
  }

  private async fetchSettings(): Promise<Map<string, ChannelSettings>> {
    const found = new Map<string, ChannelSettings>();
    for (let after: ChannelSettings['channel']; ; ) {
      const value = { limit: 0, ...(after === undefined ? {} : { after }) };
      const answer = await this.persist(() => this.connection.request({ case: 'getChannelSettings', value }));
      if (answer.case !== 'channelSettings') return found;
      for (const set of answer.value.settings) found.set(keyOfChannel(set.channel), set);
      const last = answer.value.settings.at(-1)?.channel;
      if (!answer.value.hasMore || last === undefined || found.size >= CHANNELS) return found;
      after = last;
    }
  }

  /** Applies what can be applied, and fetches what is missing, until nothing is. */
  private drain(): Promise<void> {
    if (this.bootstrapping) return Promise.resolve();
    this.draining ??= this.drainAll().finally(() => {
      this.draining = undefined;
      if (!this.connection.isOver && (this.inbox.take().length > 0 || this.inbox.isBehind)) void this.drain();
    });
    return this.draining;
  }

  private async drainAll(): Promise<void> {
    try {
      for (;;) {
        const steps = this.inbox.take();
        if (steps.length > 0) await this.write(steps);
        else if (this.inbox.isBehind && !this.connection.isOver) await this.fetchMissing();
        else return;
      }
    } catch (error) {
      // The store or the connection failed. The cursor stands where the store is, so the next connection goes on there.
      if (!this.connection.isOver) {
        this.connection.close({ code: NCCode.CONNECTION_LOST, message: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  private async fetchMissing(): Promise<void> {
    const { cursor } = this.inbox;
    const answer = await this.persist(() =>
      this.connection.request({ case: 'sync', value: { after: BigInt(cursor), limit: PAGE } }),
    );
    if (answer.case !== 'syncPage') throw refused(NCCode.BAD_FRAME, 'the server did not answer the sync as agreed');
    const { entries, head, floor } = answer.value;
    if (Number(floor) > cursor) {
      // What was missed is gone: begin again where the inbox begins.
      this.inbox.advance(Number(floor));
      await this.readChannels();
      this.inbox.hear(Number(head));
      return;
    }
    for (const entry of entries) this.inbox.offer({ seq: Number(entry.seq), entry });
    this.inbox.hear(Number(head));
    if (entries.length === 0) this.inbox.advance(Number(head)); // Nothing is there after all.
  }

  private async write(steps: InboxStep[]): Promise<void> {
    const { store, env, userId, isOurs, tell } = this.host;
    const last = steps[steps.length - 1]!.seq;
    const events = await store.transact('readwrite', async (tx) => {
      const storedThrough = ((await tx.get('meta', 'cursor'))?.value as number | undefined) ?? 0;
      const { overlapThrough } = this;
      const writer = new EntryWriter(tx, { me: userId, now: env.now(), overlapThrough, storedThrough, isOurs });
      for (const { entry } of steps) if (entry !== undefined) await writer.apply(entry);
      if (last > storedThrough) tx.put('meta', { key: 'cursor', value: last });
      return writer.finish();
    });
    this.inbox.advance(last);
    for (const event of events) tell(event);
  }

  /** Asks again while the server refuses for now. */
  private async persist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Refused) || this.connection.isOver) throw error;
        await pause(this.host.env, Math.max(error.failure.retryAfterMs ?? 0, RETRY_MS)).done;
      }
    }
  }
}

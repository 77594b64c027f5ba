/**
 * What the components show of the connected user: connection, channels, friends, requests, blocklist, who is online.
 *
 * One for each page, as there is one `NCEngine`. It listens to the engine's handlers and reads anew what they say has
 * changed; components listen to it.
 *
 * @module
 */

import type { BaseChannel, ChannelIdentifier, ConnectionStatusChangedEvent, FriendApplicationInfo, FriendInfo, Message } from '@nuncio/chat';
import {
  BaseChannel as Channels,
  ChannelHandler,
  ChannelType,
  ConnectionStatus,
  ConnectionStatusHandler,
  FriendApplicationStatus,
  FriendApplicationType,
  MessageHandler,
  NCEngine,
  SubscribeType,
  UserHandler,
} from '@nuncio/chat';
import { keyOf } from './conversation-key.js';
import { succeed } from './failure.js';
import { tags } from './tags.js';
import { userInfo } from './user-info.js';

/** What can change. */
export type SessionPart = 'connection' | 'channels' | 'friends' | 'requests' | 'blocklist' | 'presence' | 'typing';

/** A change of messages, told to the conversations that are open. */
export type MessagesEvent =
  | { kind: 'received'; messages: readonly Message[] }
  | { kind: 'edited'; messages: readonly Message[] }
  | { kind: 'recalled'; channel: ChannelIdentifier; messageIds: readonly string[] }
  | { kind: 'read'; channel: ChannelIdentifier; messageIds: readonly string[] }
  | { kind: 'counted'; channel: ChannelIdentifier; receipts: readonly ReadCount[] };

/** How many have read a message in a group, and how many have not. */
export interface ReadCount {
  /** Which message. */
  messageId: string;
  /** Members who have. */
  readCount: number;
  /** Members whom it reached and who have not. */
  unreadCount: number;
}

/** Keeps the friends on the app's own server, in the place of the service's. */
export interface FriendProvider {
  /** The ids of the current user's friends. */
  getFriends(): Promise<string[]>;
  /** Asks a user to become a friend; answers whether they are one already. */
  addFriend?(userId: string, note: string): Promise<boolean>;
  /** Ends a friendship. */
  removeFriend?(userId: string): Promise<void>;
}

const HANDLER = 'nuncio-chatui';
/** Channels that are listed at most. */
const CHANNELS = 5_000;
/** Users whose presence is asked for at most. */
const WATCHED = 500;
const SUBSCRIBE_BATCH = 200;

/** The state behind the components. Fires an event named like each {@link SessionPart} that has changed. */
export class ChatSession extends EventTarget {
  /** How the connection stands. */
  connection: ConnectionStatusChangedEvent = { status: ConnectionStatus.CONNECTING };
  /** The direct channels and groups, pinned ones first, then the newest first. */
  channels: BaseChannel[] = [];
  /** Whether the channels were read at least once. */
  channelsLoaded = false;
  /** The friends' ids, or `undefined` until they are known. */
  friends: string[] | undefined;
  /** Friend requests, newest first, or `undefined` until they are known. */
  requests: FriendApplicationInfo[] | undefined;
  /** The ids in the blocklist, or `undefined` until they are known. */
  blocklist: string[] | undefined;
  readonly #online = new Set<string>();
  readonly #watched = new Set<string>();
  readonly #typing = new Map<string, boolean>();
  readonly #listeners = new Set<(event: MessagesEvent) => void>();
  readonly #reading = new Map<SessionPart, boolean>();
  #friendProvider: FriendProvider | undefined;
  #started = false;
  #userId = '';

  /** The connected user's id. */
  get userId(): string {
    return NCEngine.getCurrentUserId();
  }

  /** Begins to listen to the engine; the components do so themselves. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.connection = { status: NCEngine.getConnectionStatus() };
    userInfo.listen();
    tags.listen();
    NCEngine.addConnectionStatusHandler(HANDLER, new ConnectionStatusHandler({
      onConnectionStatusChanged: (event) => {
        this.connection = event;
        this.#tell('connection');
        if (event.status === ConnectionStatus.CONNECTED) this.#connected();
        // What is kept on the device is shown before there is a connection.
        else if (!this.channelsLoaded) void this.readChannels();
      },
    }));
    NCEngine.addChannelHandler(HANDLER, new ChannelHandler({
      onChannelsSyncComplete: () => void this.readChannels(),
      onChannelPinnedSync: () => void this.readChannels(),
      onChannelNoDisturbLevelSync: () => void this.readChannels(),
      onChannelUnreadStatusSync: () => void this.readChannels(),
      onTypingStatusChanged: ({ channelIdentifier, userTypingStatus }) => {
        this.#typing.set(keyOf(channelIdentifier), userTypingStatus.length > 0);
        this.#tell('typing');
      },
    }));
    NCEngine.addMessageHandler(HANDLER, new MessageHandler({
      onMessageReceived: ({ messages }) => this.changed({ kind: 'received', messages }),
      onMessagesModified: ({ messages }) => this.changed({ kind: 'edited', messages }),
      onMessageDeleted: ({ messages }) => {
        for (const { channelIdentifier, messageId } of messages) {
          this.changed({ kind: 'recalled', channel: channelIdentifier, messageIds: [messageId] });
        }
      },
      onMessageReceiptResponse: ({ responses }) => {
        for (const receipt of responses) {
          const { channelIdentifier: channel, messageId } = receipt;
          if (channel.channelType === ChannelType.GROUP) this.changed({ kind: 'counted', channel, receipts: [receipt] });
          else this.changed({ kind: 'read', channel, messageIds: [messageId] });
        }
      },
      onOfflineMessageSyncCompleted: () => void this.readChannels(),
    }));
    NCEngine.addUserHandler(HANDLER, new UserHandler({
      onSubscriptionChanged: ({ events }) => {
        for (const { userId, subscribeType, details } of events) {
          if (subscribeType !== SubscribeType.ONLINE_STATUS && subscribeType !== SubscribeType.FRIEND_ONLINE_STATUS) continue;
          this.#setOnline(userId, details.some((detail) => detail.eventValue === 1));
        }
      },
      onFriendAdd: () => this.#friendsChanged(),
      onFriendRemove: () => this.#friendsChanged(),
      onFriendCleared: () => this.#friendsChanged(),
      onFriendApplicationStatusChanged: () => void this.readRequests(),
      onBlocklistChanged: () => void this.readBlocklist(),
    }));
    if (this.userId !== '') this.#connected();
    else void this.readChannels();
  }

  /** Keeps friends on the app's own server; `undefined`: on the service again. */
  setFriendProvider(provider: FriendProvider | undefined): void {
    this.#friendProvider = provider;
    this.friends = undefined;
    if (this.#started) void this.readFriends();
  }

  /** Whether the friends are kept by the app's own server. */
  get hasFriendProvider(): boolean {
    return this.#friendProvider !== undefined;
  }

  /** Hears of changes of messages; answers how to hear no more. */
  onMessages(listener: (event: MessagesEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @internal Messages changed: tells conversations, and reads the list anew. */
  changed(event: MessagesEvent): void {
    for (const listener of this.#listeners) listener(event);
    void this.readChannels();
  }

  /** A channel as the list has it, if it does. */
  listed(identifier: ChannelIdentifier): BaseChannel | undefined {
    return this.channels.find((channel) => channel.identifier.isEqualTo(identifier));
  }

  /** Whether a user is online, as far as is known. */
  isOnline(userId: string): boolean {
    return this.#online.has(userId);
  }

  /** Whether a user types in their channel with the current user. */
  isTyping(userId: string): boolean {
    return this.#typing.get(userId) ?? false;
  }

  /** Whether a user is in the blocklist. */
  isBlocked(userId: string): boolean {
    return this.blocklist?.includes(userId) ?? false;
  }

  /** Whether a user is a friend. */
  isFriend(userId: string): boolean {
    return this.friends?.includes(userId) ?? false;
  }

  /** Requests of others that wait for an answer. */
  get openRequests(): number {
    return this.requests?.filter((one) => isOpen(one)).length ?? 0;
  }

  /** Reads the channels anew. */
  readChannels(): Promise<void> {
    return this.#read('channels', async () => {
      const query = Channels.createChannelsQuery({ pageSize: CHANNELS, topPriority: true });
      const page = await query.loadNextPage();
      if (!page.isOk) return;
      this.channels = (page.data?.data ?? []).filter(({ channelType }) => channelType === ChannelType.DIRECT || channelType === ChannelType.GROUP);
      this.channelsLoaded = true;
      const direct = this.channels.filter(({ channelType }) => channelType === ChannelType.DIRECT);
      this.watch(...direct.slice(0, SUBSCRIBE_BATCH).map((channel) => channel.channelId));
    });
  }

  /** Reads the friends anew. */
  readFriends(): Promise<void> {
    return this.#read('friends', async () => {
      const provider = this.#friendProvider;
      if (provider !== undefined) {
        const ids = await provider.getFriends();
        if (provider === this.#friendProvider) this.friends = ids;
      } else {
        const answer = await NCEngine.userModule.getFriends();
        if (!answer.isOk || this.#friendProvider !== undefined) return;
        this.friends = (answer.data ?? []).map((friend: FriendInfo) => friend.userId);
      }
      this.watch(...(this.friends ?? []));
    });
  }

  /** Reads the friend requests anew. */
  readRequests(): Promise<void> {
    return this.#read('requests', async () => {
      const answer = await NCEngine.userModule.createFriendApplicationsQuery({ pageSize: 100 }).loadNextPage();
      if (answer.isOk) this.requests = answer.data?.data ?? [];
    });
  }

  /** Reads the blocklist anew. */
  readBlocklist(): Promise<void> {
    return this.#read('blocklist', async () => {
      const answer = await NCEngine.userModule.getBlocklist();
      if (answer.isOk) this.blocklist = answer.data ?? [];
    });
  }

  /** Puts a user into the blocklist, or takes them out. */
  async block(userId: string, blocked: boolean): Promise<void> {
    const users = NCEngine.userModule;
    await succeed<unknown>(blocked ? users.addToBlocklist(userId) : users.removeFromBlocklist(userId));
    await this.readBlocklist();
  }

  /** Asks a user to become a friend; answers whether they are one now. */
  async addFriend(userId: string, note: string): Promise<boolean> {
    const own = this.#friendProvider?.addFriend;
    const friends = own
      ? await own.call(this.#friendProvider, userId, note)
      : (await succeed(NCEngine.userModule.addFriend({ userId, extra: note }))).processCode === 0;
    await Promise.all([this.readFriends(), this.readRequests()]);
    return friends;
  }

  /** Ends a friendship. */
  async removeFriend(userId: string): Promise<void> {
    const own = this.#friendProvider?.removeFriend;
    if (own) await own.call(this.#friendProvider, userId);
    else await succeed<unknown>(NCEngine.userModule.removeFriends([userId]));
    await this.readFriends();
  }

  /** Answers a friend request. */
  async answerRequest(userId: string, accept: boolean): Promise<void> {
    const users = NCEngine.userModule;
    await succeed<unknown>(accept ? users.acceptFriendApplication(userId) : users.refuseFriendApplication(userId));
    await Promise.all([this.readFriends(), this.readRequests()]);
  }

  /** Asks to be told when these users come and go and change their profiles. */
  watch(...userIds: string[]): void {
    if (NCEngine.getConnectionStatus() !== ConnectionStatus.CONNECTED) return;
    const fresh = [...new Set(userIds)].filter((id) => id !== this.userId && !this.#watched.has(id));
    const room = fresh.slice(0, Math.max(0, WATCHED - this.#watched.size));
    for (let at = 0; at < room.length; at += SUBSCRIBE_BATCH) void this.#subscribe(room.slice(at, at + SUBSCRIBE_BATCH));
  }

  async #subscribe(userIds: string[]): Promise<void> {
    for (const id of userIds) this.#watched.add(id);
    const users = NCEngine.userModule;
    const [state] = await Promise.all([
      users.getSubscribeEvent({ userIds, subscribeType: SubscribeType.ONLINE_STATUS }),
      users.subscribeEvent({ userIds, subscribeType: SubscribeType.ONLINE_STATUS }),
      users.subscribeEvent({ userIds, subscribeType: SubscribeType.USER_PROFILE }),
    ]);
    if (!state.isOk) {
      for (const id of userIds) this.#watched.delete(id);
      return;
    }
    for (const { userId, details } of state.data ?? []) this.#setOnline(userId, details.some((one) => one.eventValue === 1));
  }

  #setOnline(userId: string, online: boolean): void {
    if (online === this.#online.has(userId)) return;
    if (online) this.#online.add(userId);
    else this.#online.delete(userId);
    this.#tell('presence');
  }

  #connected(): void {
    if (this.#userId !== this.userId) {
      if (this.#userId !== '') {
        userInfo.forget();
        tags.forget();
        this.friends = this.requests = this.blocklist = undefined;
      }
      this.#userId = this.userId;
    }
    userInfo.connected();
    // What others' states were before the link broke may not hold any more.
    this.#watched.clear();
    void this.readChannels();
    void this.readFriends();
    void this.readRequests();
    void this.readBlocklist();
    void tags.read();
  }

  #friendsChanged(): void {
    void this.readFriends();
    void this.readRequests();
  }

  /** Reads a part; asked again meanwhile, once more afterwards, so that the last change is seen. */
  async #read(part: SessionPart, read: () => Promise<void>): Promise<void> {
    if (this.#reading.has(part)) {
      this.#reading.set(part, true);
      return;
    }
    this.#reading.set(part, false);
    try {
      await read();
    } catch (error) {
      console.warn(`nuncio: cannot read the ${part}`, error);
    }
    const again = this.#reading.get(part) === true;
    this.#reading.delete(part);
    this.#tell(part);
    if (again) await this.#read(part, read);
  }

  #tell(part: SessionPart): void {
    this.dispatchEvent(new Event(part));
  }
}

/** Whether a request waits for the current user's answer. */
export function isOpen(request: FriendApplicationInfo): boolean {
  const { applicationType, applicationStatus } = request;
  return applicationType === FriendApplicationType.RECEIVED && applicationStatus === FriendApplicationStatus.UNHANDLED;
}

/** The session of this page. */
export const session: ChatSession = new ChatSession();

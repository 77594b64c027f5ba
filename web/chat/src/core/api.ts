/**
 * What the page and the core say to each other. The core may live in a worker, so all of it is plain data.
 *
 * @module
 */

import type { ConnectionStatus, SentStatus } from '../enums.js';
import type { Entry, Account, FriendEvent, GroupEvent, Profile } from '../gen/nuncio/v1/message_pb.js';
import type { HistoryPlace } from '../query.js';
import type { ReconnectPolicy } from '../options.js';
import type { ClientFrame, PresenceState, ServerFrame, Subscription } from '../gen/nuncio/v1/frame_pb.js';

/** The body of a request. */
export type RequestBody = Exclude<ClientFrame['body'], { case: undefined }>;
/** The body of an answer. */
export type AnswerBody = ServerFrame['body'];
/** A request as written by hand: fields that are left out have their defaults. */
export type RequestInit = { [C in RequestBody['case']]: { case: C; value: Fields<Extract<RequestBody, { case: C }>['value']> } }[RequestBody['case']];
type Fields<M> = { [K in Exclude<keyof M, '$typeName' | '$unknown'>]?: M[K] extends { $typeName: string } | undefined ? Fields<NonNullable<M[K]>> : Inner<M[K]> };
type Inner<V> = V extends Array<infer I> ? Array<I extends { $typeName: string } ? Fields<I> : I> : V;

/** Why something was refused or ended. */
export interface Failure {
  /** From the table of codes. */
  code: number;
  /** What to mend. */
  message: string;
  /** How long to wait before another try, in milliseconds. */
  retryAfterMs?: number;
  /** Of a ban: when it ends, Unix time in milliseconds. */
  until?: number;
  /** Of a ban: the operator's reason. */
  reason?: string;
  /** Of refused profile fields: their names. */
  keys?: string[];
}

/** An answer that crosses from a worker. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** What a session of an app needs to know. */
export interface CoreConfig {
  /** The app. */
  appKey: string;
  /** WebSocket addresses of the nodes, tried in turn. */
  servers: string[];
  /** Pauses between tries. */
  reconnect: ReconnectPolicy;
  /** How long a request may stay unanswered, in milliseconds. */
  requestTimeoutMs: number;
  /** How long a message may wait for a connection, in milliseconds. */
  sendTimeoutMs: number;
  /** Where records are kept. */
  store: 'auto' | 'memory';
  /** Distinguishes this page's connection where it cannot be shared; empty where it is. */
  deviceSuffix: string;
}

/** A message as the store keeps it. */
export interface MessageRecord {
  /** The server's id, or `c:` and the client's while there is none. */
  key: string;
  /** The channel's key, such as `1:alice`. */
  channel: string;
  /** The server's id; empty until sent. */
  messageId: string;
  /** The sender's id for it, the same for each try. */
  clientMessageId: string;
  /** A number, unique on this installation. */
  clientId: number;
  /** Who sent it. */
  senderId: string;
  /** Its type. */
  type: string;
  /** Its content as JSON text. */
  content: string;
  /** Unix time in milliseconds by the server's clock. */
  sentAt: number;
  /** When it arrived here. */
  receivedAt: number;
  /** Whether the current user sent it. */
  mine: boolean;
  /** How far it has come. */
  status: SentStatus;
  /** Whether it raises the unread count. */
  counted: boolean;
  /** Whether its sender wants to know when it is read. */
  needsReceipt: boolean;
  /** Whether it is not stored by the server. */
  transient: boolean;
  /** When it was edited; 0 when never. */
  editedAt: number;
  /** Whether the user deleted it for themselves, or it was recalled. */
  hidden?: boolean;
  /** The code of the refusal. */
  failureCode?: number;
  /** Of an own message: how it is pushed. */
  push?: PushOptions;
  /** In a group: the only members whom it is for. */
  toUserIds?: string[];
  /** Of a received message: whether the user has read it. */
  read?: boolean;
}

/** A channel as the store keeps it. */
export interface ChannelRecord {
  /** Such as `1:alice`. */
  key: string;
  /** The newest message that is to be seen. */
  latest: MessageRecord | null;
  /** Messages not read. */
  unread: number;
  /** Unread messages that mention somebody. */
  mentioned: number;
  /** Unread messages that mention the user. */
  mentionedMe: number;
  /** When the first unread message was sent; 0 when there is none. */
  firstUnreadAt: number;
  /** The last message that the user read. */
  readMessageId: string;
  /** The last message that the other side read. */
  peerReadMessageId: string;
  /** Unix time in milliseconds of the last activity; the list is sorted by it. */
  updatedAt: number;
  /** Whether it stays on top. */
  pinned: boolean;
  /** Which messages notify. */
  level: number;
  /** Text not sent yet. Kept on this installation. */
  draft: string;
  /** Whether the user took it off the list; the next message puts it back. */
  hidden: boolean;
  /** Messages up to this time are deleted for the user. */
  deletedBefore: number;
}

/** How one message is pushed; what is left out is as for any message. */
export type PushOptions = NonNullable<Extract<RequestInit, { case: 'sendMessage' }>['value']['push']>;

/** A message to send. */
export interface OutgoingMessage {
  channel: string;
  clientId: number;
  type: string;
  content: string;
  transient: boolean;
  counted: boolean;
  needsReceipt: boolean;
  push?: PushOptions;
  toUserIds?: string[];
}

/** A page of messages in the order asked for. */
export interface HistoryPage {
  messages: MessageRecord[];
  hasMore: boolean;
  next: HistoryPlace;
}

/** Which messages a search finds. */
export interface SearchParams {
  channel: string;
  keyword: string;
  senderId: string;
  before: number;
  after: number;
  limit: number;
}

/** The calls that a page makes. */
export interface CoreCalls {
  connect(params: { token: string; userId?: string; timeoutMs?: number; hasTokenProvider: boolean }): Promise<{ userId: string }>;
  disconnect(): Promise<void>;
  request(body: RequestInit): Promise<AnswerBody>;
  profiles(params: { userIds: string[] }): Promise<Profile[]>;
  send(message: OutgoingMessage): Promise<MessageRecord>;
  cancelSend(params: { clientId: number }): Promise<boolean>;
  insertMessages(records: MessageRecord[]): Promise<void>;
  channels(params: { keys?: string[] }): Promise<ChannelRecord[]>;
  syncChannels(): Promise<void>;
  history(params: { channel: string; from: HistoryPlace; ascending: boolean; limit: number }): Promise<HistoryPage>;
  /** One message, from this device or else from the server. */
  lookUp(params: { channel: string; messageId: string }): Promise<MessageRecord | undefined>;
  findMessages(params: { messageIds?: string[]; clientId?: number }): Promise<MessageRecord[]>;
  search(params: SearchParams): Promise<MessageRecord[]>;
  recall(params: { channel: string; messageId: string }): Promise<void>;
  edit(params: { channel: string; messageId: string; content: string }): Promise<MessageRecord>;
  markRead(params: { channel: string; messageId: string }): Promise<void>;
  hideMessages(params: { channel: string; keys: string[]; before: number }): Promise<void>;
  changeChannel(params: { channel: string; change: Partial<Pick<ChannelRecord, 'pinned' | 'level' | 'draft' | 'hidden'>> }): Promise<void>;
}

/** What happened to a channel on this or another installation. */
export type ChannelChange =
  | { kind: 'read'; at: number }
  | { kind: 'pinned'; pinned: boolean }
  | { kind: 'level'; level: number };

/** What the core tells its pages. */
export type CoreEvent =
  | { kind: 'status'; status: ConnectionStatus; userId: string; failure?: Failure }
  | { kind: 'clock'; delta: number }
  | { kind: 'tokenNeeded' }
  | { kind: 'channelsSynced' }
  | { kind: 'offlineSynced' }
  | { kind: 'messages'; messages: MessageRecord[] }
  | { kind: 'edited'; messages: MessageRecord[] }
  | { kind: 'recalled'; messages: { channel: string; messageId: string; at: number }[] }
  | { kind: 'tags'; tags: boolean; channels: boolean }
  | { kind: 'groupReceipts'; channel: string; receipts: { messageId: string; readCount: number; unreadCount: number }[] }
  | { kind: 'receipts'; receipts: { channel: string; messageId: string; readerId: string; at: number }[] }
  | { kind: 'channel'; channel: string; change: ChannelChange }
  | { kind: 'typing'; channel: string; users: { userId: string; type: string; at: number }[] }
  | { kind: 'friend'; event: FriendEvent; at: number }
  | { kind: 'group'; event: GroupEvent; at: number }
  | { kind: 'profile'; profile: Profile; friend: boolean; at: number }
  | { kind: 'presence'; states: PresenceState[] }
  | { kind: 'subscriptions'; subscriptions: Subscription[] }
  | { kind: 'blocklist'; added: string[]; removed: string[] }
  | { kind: 'whitelist'; added: string[]; removed: string[]; enabled?: boolean }
  | { kind: 'account'; account: Account };

/** The body of an inbox entry. */
export type EntryBody = Entry['body'];

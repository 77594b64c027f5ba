/**
 * What the core keeps on the device, whatever keeps it.
 *
 * @module
 */

import type { ChannelRecord, MessageRecord } from './api.js';
import type { Profile } from '../gen/nuncio/v1/message_pb.js';

/** The tables and the records in them. */
export interface Tables {
  /** Named values: the cursor, settings. */
  meta: { key: string; value: unknown };
  /** By `key`. */
  channels: ChannelRecord;
  /** By `key`; also in the order of channel, time, key. */
  messages: MessageRecord;
  /** By `userId`. */
  profiles: Profile;
}

/** A table's name. */
export type TableName = keyof Tables;

/** The names of all tables. */
export const TABLE_NAMES: readonly TableName[] = ['meta', 'channels', 'messages', 'profiles'];

/** The member that a table's records are found by. */
export const KEY_OF: { readonly [T in TableName]: string } = {
  meta: 'key',
  channels: 'key',
  messages: 'key',
  profiles: 'userId',
};

/** A place in a channel's messages. */
export interface Place {
  sentAt: number;
  key: string;
}

/** A stretch of a channel's messages. */
export interface Stretch {
  channel: string;
  /** Only messages after this place. */
  after?: Place;
  /** Only messages before this place. */
  before?: Place;
  /** Oldest first. */
  ascending: boolean;
  limit: number;
}

/** Reads and writes that happen together or not at all. */
export interface Tx {
  get<T extends TableName>(table: T, key: string): Promise<Tables[T] | undefined>;
  all<T extends TableName>(table: T): Promise<Tables[T][]>;
  messages(stretch: Stretch): Promise<MessageRecord[]>;
  put<T extends TableName>(table: T, record: Tables[T]): void;
  delete(table: TableName, key: string): void;
}

/** See the module. */
export interface Store {
  /** Runs `work`, then commits. Inside it only the transaction's own promises may be awaited. */
  transact<R>(mode: 'readonly' | 'readwrite', work: (tx: Tx) => Promise<R>): Promise<R>;
  close(): void;
}

/** Orders places by time, then by key. */
export function comparePlaces(a: Place, b: Place): number {
  return a.sentAt - b.sentAt || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

import type { ChannelType, MessageReadReceiptStatus } from '../enums.js';
import type { MessageIdentifier, MessageReadReceiptUser } from '../handlers.js';
import type { ChannelIdentifier } from '../identifiers.js';
import type { Json } from '../json.js';
import type { Message } from '../message/message.js';
import type { HistoryPlace } from '../query.js';
import { PageQuery } from '../query.js';
import type { BaseChannel } from './base.js';

/** Pages of the channel list. */
export class ChannelsQuery extends PageQuery<BaseChannel, number> {}

/** Pages of a channel's messages. */
export class MessagesQuery extends PageQuery<Message, HistoryPlace> {}

/** Pages of those who have, or have not, read a message. */
export class MessagesReadReceiptUsersQuery extends PageQuery<MessageReadReceiptUser> {}

/** Pages of messages found. */
export class SearchMessagesQuery extends PageQuery<Message, number> {}

/** Which channels to list. */
export interface ChannelsQueryParams {
  /** How many on each page; 20 by default. */
  pageSize?: number;
  /** Only channels active before this time, Unix time in milliseconds; 0 for all. */
  startTime?: number;
  /** Only channels of these kinds. */
  channelTypes?: ChannelType[];
  /** Pinned channels first. */
  topPriority?: boolean;
}

/** Which messages to list. */
export interface MessagesQueryParams {
  /** Of which channel. */
  channelIdentifier: ChannelIdentifier;
  /** How many on each page, 1 to 100; 20 by default. */
  pageSize?: number;
  /** Where to begin, Unix time in milliseconds; 0 for the newest (ascending: the oldest). */
  startTime?: number;
  /** Oldest first and after `startTime`; else newest first and before it. */
  isAscending?: boolean;
}

/** Of which message to list readers. */
export interface MessagesReadReceiptUsersQueryParams extends MessageIdentifier {
  /** How many on each page. */
  pageSize?: number;
  /** Those who have read it, or those who have not. */
  status: MessageReadReceiptStatus;
}

/** What to search for. */
export interface SearchMessagesQueryParams {
  /** In which channel; in all when left out. */
  channelIdentifier?: ChannelIdentifier;
  /** A text in the content, upper and lower case alike. */
  keyword?: string;
  /** Only before this time, Unix time in milliseconds; 0 for all. */
  startTime?: number;
  /** How many on each page; 20 by default. */
  pageSize?: number;
}

/** A channel with messages that were searched for. */
export interface SearchChannelResult {
  /** The channel. */
  channel: BaseChannel;
  /** How many of its messages hold the keyword. */
  matchCount: number;
}

/** What a message is to say instead. */
export interface ModifyMessageParams<T = Json> extends MessageIdentifier {
  /** The new content, of the same type. */
  content: T;
}

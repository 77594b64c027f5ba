/**
 * Between the core's records and the channels' objects.
 *
 * @module
 */

import { client } from '../client.js';
import type { ChannelRecord, MessageRecord } from '../core/api.js';
import { nextClientId } from '../core/records.js';
import type { ChannelType } from '../enums.js';
import { MentionedType, MessageDirection } from '../enums.js';
import type { ChannelIdentifier } from '../identifiers.js';
import { channelKey, identifierOf } from '../identifiers.js';
import { encodeContent } from '../message/codec.js';
import { messageOf } from '../message/convert.js';
import type { Message } from '../message/message.js';
import { NCResult } from '../result.js';
import type { BaseChannel } from './base.js';
import { channelFor } from './make.js';
import type { SearchMessagesQueryParams } from './queries.js';
import { SearchMessagesQuery } from './queries.js';

/** A channel object with what the store has. */
export function channelOf(record: ChannelRecord): BaseChannel {
  const channel = channelFor(identifierOf(record.key));
  channel.latestMessage = record.latest ? messageOf(record.latest) : null;
  channel.unreadCount = record.unread;
  channel.mentionedCount = record.mentioned;
  channel.mentionedMeCount = record.mentionedMe;
  channel.firstUnreadMsgSendTime = record.firstUnreadAt;
  channel.isPinned = record.pinned;
  channel.noDisturbLevel = record.level;
  channel.draft = record.draft;
  channel.operationTime = record.updatedAt;
  return channel;
}

/** Whether a channel is of one of these kinds; without a list, of any. */
export function isOfType(record: ChannelRecord, channelTypes: readonly ChannelType[] | undefined): boolean {
  return channelTypes === undefined || channelTypes.length === 0 || channelTypes.includes(parseInt(record.key, 10));
}

/** The channels of the list that fit. */
export async function listed(fits: (record: ChannelRecord) => boolean): Promise<NCResult<BaseChannel[]>> {
  const answer = await client.call('channels', {});
  return answer.isOk ? NCResult.ok((answer.data ?? []).filter(fits).map(channelOf)) : answer.wipe();
}

/** Unread messages of the channels that fit. */
export async function unreadOf(fits: (record: ChannelRecord) => boolean): Promise<NCResult<number>> {
  const answer = await client.call('channels', {});
  if (!answer.isOk) return answer.wipe();
  return NCResult.ok((answer.data ?? []).filter(fits).reduce((sum, record) => sum + record.unread, 0));
}

/** Changes what this installation keeps of a channel. */
export async function changeChannel(
  identifier: ChannelIdentifier,
  change: Partial<Pick<ChannelRecord, 'pinned' | 'level' | 'draft' | 'hidden'>>,
): Promise<NCResult> {
  return (await client.call('changeChannel', { channel: channelKey(identifier), change })).wipe();
}

/** What a search narrows down by, besides the keyword. */
export interface SearchScope {
  channel?: string;
  keyword?: string;
  senderId?: string;
  before?: number;
  after?: number;
  limit?: number;
}

/** Messages on this device, newest first. */
export function search(scope: SearchScope): Promise<NCResult<MessageRecord[]>> {
  return client.call('search', { channel: '', keyword: '', senderId: '', before: 0, after: 0, limit: 1_000, ...scope });
}

/** Searches page by page. */
export function searchQuery(params: SearchMessagesQueryParams, scope: SearchScope): SearchMessagesQuery {
  const { channelIdentifier, keyword = '', startTime = 0, pageSize = 20 } = params;
  const channel = channelIdentifier === undefined ? '' : channelKey(channelIdentifier);
  return new SearchMessagesQuery(startTime, async (before) => {
    const found = await search({ ...scope, channel, keyword, before, limit: pageSize + 1 });
    if (!found.isOk || found.data === undefined) return found.wipe();
    const page = found.data.slice(0, pageSize);
    const next = found.data.length > pageSize ? page[page.length - 1]?.sentAt : undefined;
    return NCResult.ok({ data: page.map(messageOf), next });
  });
}

/** A message of the program's own making, for the store. */
export function localRecord(message: Message, identifier: ChannelIdentifier): MessageRecord {
  const now = Date.now();
  const clientId = message.clientId || nextClientId(now);
  return {
    key: message.messageId || `c:${clientId}`,
    channel: channelKey(identifier),
    messageId: message.messageId,
    clientMessageId: `${clientId}`,
    clientId,
    senderId: message.senderUserId || client.userId,
    type: message.messageType,
    content: encodeContent(message.messageType, message.content),
    sentAt: message.sentTime || now - client.clockDelta,
    receivedAt: now,
    mine: message.direction === MessageDirection.SEND,
    status: message.sentStatus,
    counted: message.isCounted,
    needsReceipt: message.needReceipt ?? false,
    transient: false,
    editedAt: 0,
  };
}

/** Whether a message mentions the current user. */
export function mentionsMe(message: Message): boolean {
  const info = message.mentionedInfo;
  return info?.type === MentionedType.ALL || (info?.userIdList?.includes(client.userId) ?? false);
}

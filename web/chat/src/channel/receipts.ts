/**
 * Who has read own messages: in direct channels by the other side's place, in groups as members say of each message.
 *
 * @module
 */

import { client } from '../client.js';
import { NCCode } from '../codes.js';
import { channelOfKey } from '../core/records.js';
import { ChannelType, MessageReadReceiptStatus, SentStatus } from '../enums.js';
import type { MessageIdentifier, MessageReadReceiptInfo, MessageReadReceiptUser } from '../handlers.js';
import type { ChannelIdentifier } from '../identifiers.js';
import { channelKey, identifierOf } from '../identifiers.js';
import type { LoadedPage } from '../query.js';
import { NCResult } from '../result.js';

/** Messages of one request. */
const BATCH = 100;

/** Whether members say of each message that they have read it. */
export function countsReaders({ channelType }: ChannelIdentifier): boolean {
  return channelType === ChannelType.GROUP;
}

/** How many have read own messages, in the order asked for; what was not asked to be told of is left out. */
export async function receiptInfos(identifiers: readonly MessageIdentifier[]): Promise<NCResult<MessageReadReceiptInfo[]>> {
  const groups = new Map<string, string[]>();
  const direct: MessageIdentifier[] = [];
  for (const one of identifiers) {
    if (!countsReaders(one.channelIdentifier)) direct.push(one);
    else groups.set(channelKey(one.channelIdentifier), [...(groups.get(channelKey(one.channelIdentifier)) ?? []), one.messageId]);
  }
  const found = new Map<string, MessageReadReceiptInfo>();
  const local = await directInfos(direct);
  if (!local.isOk) return local;
  for (const info of local.data ?? []) found.set(info.messageId, info);
  for (const [key, messageIds] of groups) {
    for (let at = 0; at < messageIds.length; at += BATCH) {
      const value = { channel: channelOfKey(key), messageIds: messageIds.slice(at, at + BATCH) };
      const answer = await client.request({ case: 'getReadReceipts', value });
      if (!answer.isOk) return answer.wipe();
      if (answer.data?.case !== 'readReceipts') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
      for (const { messageId, readCount, unreadCount } of answer.data.value.receipts) {
        found.set(messageId, { channelIdentifier: identifierOf(key), messageId, readCount, unreadCount, totalCount: readCount + unreadCount });
      }
    }
  }
  return NCResult.ok(identifiers.map(({ messageId }) => found.get(messageId)).filter((info) => info !== undefined));
}

async function directInfos(identifiers: readonly MessageIdentifier[]): Promise<NCResult<MessageReadReceiptInfo[]>> {
  if (identifiers.length === 0) return NCResult.ok([]);
  const answer = await client.call('findMessages', { messageIds: identifiers.map((one) => one.messageId) });
  if (!answer.isOk) return answer.wipe();
  const found = new Map((answer.data ?? []).map((record) => [record.messageId, record]));
  const infos: MessageReadReceiptInfo[] = [];
  for (const { channelIdentifier, messageId } of identifiers) {
    const record = found.get(messageId);
    if (record === undefined || !record.mine || channelIdentifier.channelType !== ChannelType.DIRECT) continue;
    const readCount = record.status === SentStatus.READ ? 1 : 0;
    infos.push({ channelIdentifier, messageId, readCount, unreadCount: 1 - readCount, totalCount: 1 });
  }
  return NCResult.ok(infos);
}

/** Those who have, or have not, read a message. */
export async function receiptUsers(
  { channelIdentifier, messageId }: MessageIdentifier,
  params: { status: MessageReadReceiptStatus; pageToken?: string; pageSize?: number; userIds?: string[] },
): Promise<NCResult<LoadedPage<MessageReadReceiptUser, string>>> {
  const read = params.status === MessageReadReceiptStatus.RESPONDED;
  if (countsReaders(channelIdentifier)) {
    const { pageToken = '', pageSize = 0, userIds = [] } = params;
    const value = { channel: channelOfKey(channelKey(channelIdentifier)), messageId, read, pageToken, limit: pageSize, userIds };
    const answer = await client.request({ case: 'getReceiptUsers', value });
    if (!answer.isOk) return answer.wipe();
    if (answer.data?.case !== 'receiptUsers') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
    const { users, nextPageToken, totalCount } = answer.data.value;
    const data = users.map(({ userId, readAt }) => ({ userId, timestamp: Number(readAt) }));
    return NCResult.ok({ data, totalCount, next: nextPageToken || undefined });
  }
  const infos = await directInfos([{ channelIdentifier, messageId }]);
  if (!infos.isOk) return infos.wipe();
  const info = infos.data?.[0];
  const isThere = (read ? info?.readCount : info?.unreadCount) === 1;
  const all = isThere ? [{ userId: channelIdentifier.channelId, timestamp: 0 }] : [];
  const data = params.userIds === undefined ? all : all.filter(({ userId }) => params.userIds?.includes(userId));
  return NCResult.ok({ data, totalCount: data.length, next: undefined });
}

/** Says of messages of a group that the user has read them. */
export async function sayRead(identifier: ChannelIdentifier, messageIds: readonly string[]): Promise<NCResult> {
  const channel = channelOfKey(channelKey(identifier));
  for (let at = 0; at < messageIds.length; at += BATCH) {
    const answer = await client.request({ case: 'sendReadReceipts', value: { channel, messageIds: messageIds.slice(at, at + BATCH) } });
    if (!answer.isOk) return answer.wipe();
  }
  return NCResult.ok();
}

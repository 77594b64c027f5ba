import { client } from '../client.js';
import { NCCode } from '../codes.js';
import type { ChannelType, MessageDeletePolicy } from '../enums.js';
import {
  ChannelNoDisturbLevel,
  ChannelType as Type,
  MessageReadReceiptStatus as ReceiptStatus,
  TranslateStrategy,
} from '../enums.js';
import type { MessageIdentifier, MessageReadReceiptInfo, MessageReadReceiptUser } from '../handlers.js';
import { messageRecord } from '../core/records.js';
import type { ChannelIdentifier } from '../identifiers.js';
import { channelKey } from '../identifiers.js';
import type { Json } from '../json.js';
import { messageOf } from '../message/convert.js';
import type { Message } from '../message/message.js';
import type { SendMediaMessageParams, SendMessageParams } from '../message/params.js';
import { editMessage, sendMedia, sendPlain } from '../message/send.js';
import { badArgument, channelFault } from '../not-available.js';
import { NCResult } from '../result.js';
import type {
  ChannelsQueryParams,
  MessagesQueryParams,
  MessagesReadReceiptUsersQueryParams,
  ModifyMessageParams,
  SearchChannelResult,
  SearchMessagesQuery,
  SearchMessagesQueryParams,
} from './queries.js';
import type { ChannelTagInfo } from './tags.js';
import { removeTags, setTags, tag, tagged, tags } from './tags.js';
import { countsReaders, receiptInfos, receiptUsers, sayRead } from './receipts.js';
import { ChannelsQuery, MessagesQuery, MessagesReadReceiptUsersQuery } from './queries.js';
import {
  changeChannel,
  channelOf,
  isOfType,
  listed,
  localRecord,
  mentionsMe,
  search,
  searchQuery,
  unreadOf,
} from './records.js';

/** What all kinds of channels have. Making an object does no I/O; `reload` or a query fills it. */
export class BaseChannel {
  /** Names the channel. */
  readonly identifier: ChannelIdentifier;
  /** The newest message. */
  latestMessage: Message | null = null;
  /** Messages not read. */
  unreadCount = 0;
  /** Unread messages that mention somebody. */
  mentionedCount = 0;
  /** Unread messages that mention the current user. */
  mentionedMeCount = 0;
  /** When the first unread message was sent; 0 when there is none. */
  firstUnreadMsgSendTime = 0;
  /** Whether it stays on top of the list. */
  isPinned = false;
  /** Which messages notify. */
  noDisturbLevel: ChannelNoDisturbLevel = ChannelNoDisturbLevel.DEFAULT;
  /** Text not sent yet. */
  draft?: string;
  /** When something last happened in it, Unix time in milliseconds. */
  operationTime?: number;
  /** How its messages are translated. */
  translateStrategy: TranslateStrategy = TranslateStrategy.DEFAULT;

  /** The channel that `identifier` names. */
  constructor(identifier: ChannelIdentifier) {
    this.identifier = identifier;
  }

  /** The channel's kind. */
  get channelType(): ChannelType {
    return this.identifier.channelType;
  }

  /** The channel's id; of a direct channel, the other user's id. */
  get channelId(): string {
    return this.identifier.channelId;
  }

  // The list

  /** Lists channels, newest first. Answers from the device, so it works without a connection. */
  static createChannelsQuery(params: ChannelsQueryParams = {}): ChannelsQuery {
    const { pageSize = 20, startTime = 0, channelTypes, topPriority = false } = params;
    return new ChannelsQuery(0, async (offset) => {
      const answer = await client.call('channels', {});
      if (!answer.isOk) return answer.wipe();
      const wanted = (answer.data ?? []).filter(
        (record) => (startTime === 0 || record.updatedAt < startTime) && isOfType(record, channelTypes),
      );
      if (topPriority) wanted.sort((a, b) => Number(b.pinned) - Number(a.pinned));
      const end = offset + pageSize;
      const data = wanted.slice(offset, end).map(channelOf);
      return NCResult.ok({ data, next: end < wanted.length ? end : undefined });
    });
  }

  /** The channels with these identifiers. */
  static async getChannels(identifiers: ChannelIdentifier[]): Promise<NCResult<BaseChannel[]>> {
    const answer = await client.call('channels', { keys: identifiers.map(channelKey) });
    return answer.isOk ? NCResult.ok((answer.data ?? []).map(channelOf)) : answer.wipe();
  }

  /** The pinned channels of these kinds. */
  static getPinnedChannels(channelTypes?: ChannelType[]): Promise<NCResult<BaseChannel[]>> {
    return listed((record) => record.pinned && isOfType(record, channelTypes));
  }

  /** The channels of these kinds with unread messages. */
  static getUnreadChannels(channelTypes?: ChannelType[]): Promise<NCResult<BaseChannel[]>> {
    return listed((record) => record.unread > 0 && isOfType(record, channelTypes));
  }

  /** Unread messages of all channels. */
  static getTotalUnreadCount(): Promise<NCResult<number>> {
    return unreadOf(() => true);
  }

  /** Unread messages of the channels of these kinds and levels. */
  static getChannelsUnreadCountByNoDisturbLevel(params: {
    channelTypes?: ChannelType[];
    levels: ChannelNoDisturbLevel[];
  }): Promise<NCResult<number>> {
    return unreadOf((record) => isOfType(record, params.channelTypes) && params.levels.includes(record.level));
  }

  /** Takes channels off the list; the next message puts each back. */
  static async deleteChannels(identifiers: ChannelIdentifier[]): Promise<NCResult> {
    for (const identifier of identifiers) {
      const answer = await changeChannel(identifier, { hidden: true });
      if (!answer.isOk) return answer;
    }
    return NCResult.ok();
  }

  /** Sets which messages of a kind of channels notify, on all of the user's devices. */
  static async setChannelTypeNoDisturbLevel(params: {
    channelType: ChannelType;
    level: ChannelNoDisturbLevel;
  }): Promise<NCResult> {
    const { channelType, level } = params;
    return (await client.request({ case: 'setChannelTypeLevel', value: { type: channelType, level } })).wipe();
  }

  /** Which messages of a kind of channels notify. */
  static async getChannelTypeNoDisturbLevel(channelType: ChannelType): Promise<NCResult<ChannelNoDisturbLevel>> {
    const answer = await client.request({ case: 'getChannelTypeLevels', value: {} });
    if (!answer.isOk) return answer.wipe();
    const levels = answer.data?.case === 'channelTypeLevels' ? answer.data.value.levels : [];
    const set = levels.find(({ type }) => (type as number) === channelType);
    return NCResult.ok((set?.level as ChannelNoDisturbLevel | undefined) ?? ChannelNoDisturbLevel.DEFAULT);
  }

  /** Reads the channel list anew from the server. */
  static async syncRemoteChannels(): Promise<NCResult> {
    return (await client.call('syncChannels', undefined)).wipe();
  }

  /** Channels with messages on this device that hold the keyword. */
  static async searchChannels(params: {
    channelTypes?: ChannelType[];
    messageTypes?: string[];
    keyword: string;
  }): Promise<NCResult<SearchChannelResult[]>> {
    const found = await search({ keyword: params.keyword });
    if (!found.isOk) return found.wipe();
    const counts = new Map<string, number>();
    for (const { channel, type } of found.data ?? []) {
      if (params.messageTypes?.includes(type) ?? true) counts.set(channel, (counts.get(channel) ?? 0) + 1);
    }
    const answer = await client.call('channels', { keys: [...counts.keys()] });
    if (!answer.isOk) return answer.wipe();
    const wanted = (answer.data ?? []).filter((record) => isOfType(record, params.channelTypes));
    return NCResult.ok(wanted.map((record) => ({ channel: channelOf(record), matchCount: counts.get(record.key) ?? 0 })));
  }

  // Messages

  /** Lists a channel's messages: from the server, or from the device without a connection. */
  static createMessagesQuery(params: MessagesQueryParams): MessagesQuery {
    const { channelIdentifier, pageSize = 20, startTime = 0, isAscending = false } = params;
    const limit = Math.min(Math.max(Math.trunc(pageSize), 1), 100);
    const channel = channelKey(channelIdentifier);
    return new MessagesQuery({ time: startTime, key: '' }, async (from) => {
      const fault = channelFault(channelIdentifier);
      if (fault !== undefined) return fault;
      const page = await client.call('history', { channel, from, ascending: isAscending, limit });
      if (!page.isOk || page.data === undefined) return page.wipe();
      const { messages, hasMore, next } = page.data;
      return NCResult.ok({ data: messages.map(messageOf), next: hasMore ? next : undefined });
    });
  }

  /** One message on this device. */
  static async getMessageById(params: { messageClientId?: number; messageId?: string }): Promise<NCResult<Message>> {
    const { messageClientId, messageId } = params;
    const answer = await client.call('findMessages', {
      messageIds: messageId === undefined ? [] : [messageId],
      ...(messageClientId === undefined ? {} : { clientId: messageClientId }),
    });
    const found = answer.data?.find((record) => !record.hidden);
    if (!answer.isOk) return answer.wipe();
    return found ? NCResult.ok(messageOf(found)) : NCResult.fail(NCCode.MESSAGE_NOT_FOUND, 'no such message on this device');
  }

  /**
   * Gives an own message another content, within the time that {@link AppSettings.messageModifiableMinutes} says.
   * Texts, answers that quote, and messages of the app's own types can be edited.
   *
   * @returns the message as it is then; the others learn of it by `onMessagesModified`
   */
  static modifyMessage<T = Json>(params: ModifyMessageParams<T>): Promise<NCResult<Message<T>>> {
    return editMessage(client, params);
  }

  /** Searches the messages on this device, newest first. */
  static createSearchMessagesQuery(params: SearchMessagesQueryParams): SearchMessagesQuery {
    return searchQuery(params, {});
  }

  /** Searches the messages of one sender on this device. */
  static createSearchMessagesByUserQuery(params: SearchMessagesQueryParams & { userId: string }): SearchMessagesQuery {
    return searchQuery(params, { senderId: params.userId });
  }

  /** Searches the messages of a stretch of time on this device. */
  static createSearchMessagesByTimeRangeQuery(
    params: SearchMessagesQueryParams & { endTime: number },
  ): SearchMessagesQuery {
    const { startTime = 0, endTime } = params;
    return searchQuery({ ...params, startTime: endTime }, { after: startTime });
  }

  // Receipts

  /** Who has read messages; own messages that asked to be told of it are answered. */
  static getMessageReadReceiptInfoByIdentifiers(identifiers: MessageIdentifier[]): Promise<NCResult<MessageReadReceiptInfo[]>> {
    return receiptInfos(identifiers);
  }

  /** Lists those who have, or have not, read a message. */
  static createMessagesReadReceiptUsersQuery(
    params: MessagesReadReceiptUsersQueryParams,
  ): MessagesReadReceiptUsersQuery {
    const { channelIdentifier, messageId, status, pageSize = 20 } = params;
    return new MessagesReadReceiptUsersQuery('', (pageToken) =>
      receiptUsers({ channelIdentifier, messageId }, { status, pageToken, pageSize }),
    );
  }

  // One channel

  /** A fresh object with the channel's present state. */
  async reload(): Promise<NCResult<BaseChannel>> {
    const answer = await client.call('channels', { keys: [channelKey(this.identifier)] });
    const record = answer.data?.[0];
    return record === undefined ? answer.wipe() : NCResult.ok(channelOf(record));
  }

  /** Sends a message. Without a connection it waits for one; a refusal's code says why it was not sent. */
  sendMessage<T = Json>(params: SendMessageParams<T>): Promise<NCResult<Message<T>>> {
    return sendPlain(client, this.identifier, params);
  }

  /** Uploads the file of a message, then sends it. */
  sendMediaMessage<T = Json>(params: SendMediaMessageParams<T>): Promise<NCResult<Message<T>>> {
    return sendMedia(client, this.identifier, params);
  }

  /** Gives up a message that is not on its way yet. */
  async cancelSendingMessage(message: Message): Promise<NCResult> {
    const answer = await client.call('cancelSend', { clientId: message.clientId });
    if (!answer.isOk) return answer.wipe();
    return answer.data ? NCResult.ok() : NCResult.fail(NCCode.MESSAGE_NOT_FOUND, 'it is on its way, or does not wait');
  }

  /** Puts messages into the history of this device. */
  async insertMessages(messages: Message[]): Promise<NCResult> {
    const records = messages.map((message) => localRecord(message, this.identifier));
    return (await client.call('insertMessages', records)).wipe();
  }

  /** Recalls an own message: nobody sees it any more. */
  async deleteMessageForAll(message: Message): Promise<NCResult> {
    if (!message?.messageId) return NCResult.fail(25101, 'a message without an id has not been sent');
    const fault = channelFault(this.identifier);
    if (fault !== undefined) return fault;
    const channel = channelKey(this.identifier);
    return (await client.call('recall', { channel, messageId: message.messageId })).wipe();
  }

  /** Hides messages from the current user on this installation. */
  async deleteMessagesForMe(messages: Message[]): Promise<NCResult> {
    if (!Array.isArray(messages)) return badArgument('messages is not a list');
    const numbers = messages.filter((message) => message.messageId === '').map((message) => message.clientId);
    const keys = messages.filter((message) => message.messageId !== '').map((message) => message.messageId);
    for (const clientId of numbers) {
      const found = await client.call('findMessages', { clientId });
      keys.push(...(found.data ?? []).map((record) => record.key));
    }
    return (await client.call('hideMessages', { channel: channelKey(this.identifier), keys, before: 0 })).wipe();
  }

  /** Hides all messages up to a time from the current user on this installation. */
  async deleteMessagesForMeByTimestamp(params: { timestamp: number; policy?: MessageDeletePolicy }): Promise<NCResult> {
    const before = params.timestamp === 0 ? Date.now() - client.clockDelta : params.timestamp;
    return (await client.call('hideMessages', { channel: channelKey(this.identifier), keys: [], before })).wipe();
  }

  /**
   * Says that messages have been read: in a direct channel to the other side and to the user's other clients, up to the
   * newest of them; in a group to the senders who asked, of each message, and without changing what is unread.
   */
  async sendReadReceiptResponse(messageIds: string[]): Promise<NCResult> {
    if (countsReaders(this.identifier)) return sayRead(this.identifier, messageIds);
    const newest = [...messageIds].sort().pop();
    return newest === undefined ? NCResult.ok() : markRead(this.identifier, newest);
  }

  /** Who has read own messages. */
  getMessageReadReceiptInfo(messageIds: string[]): Promise<NCResult<MessageReadReceiptInfo[]>> {
    const channelIdentifier = this.identifier;
    return BaseChannel.getMessageReadReceiptInfoByIdentifiers(
      messageIds.map((messageId) => ({ channelIdentifier, messageId })),
    );
  }

  /** Which of these users have read a message. */
  async getMessagesReadReceiptByUsers(params: {
    messageId: string;
    userIds: string[];
  }): Promise<NCResult<MessageReadReceiptUser[]>> {
    const { messageId, userIds } = params;
    const page = await receiptUsers({ channelIdentifier: this.identifier, messageId }, { status: ReceiptStatus.RESPONDED, userIds });
    return page.isOk ? NCResult.ok(page.data?.data ?? []) : page.wipe();
  }

  /** Counts all messages as read, and tells their sender and the user's other clients. */
  async clearUnreadCount(): Promise<NCResult> {
    const answer = await markRead(this.identifier, '');
    if (answer.isOk) this.unreadCount = 0;
    return answer;
  }

  /** Messages not read. */
  async getUnreadCount(): Promise<NCResult<number>> {
    const fresh = await this.reload();
    return fresh.isOk ? NCResult.ok(fresh.data?.unreadCount ?? 0) : fresh.wipe();
  }

  /** The oldest message not read. */
  async getFirstUnreadMessage(): Promise<NCResult<Message>> {
    const unread = await unreadMessages(this);
    const first = unread.data?.[0];
    if (!unread.isOk) return unread.wipe();
    return first ? NCResult.ok(first) : NCResult.fail(NCCode.MESSAGE_NOT_FOUND, 'everything is read');
  }

  /** Messages not read that mention the current user. */
  async getUnreadMentionedMessages(): Promise<NCResult<Message[]>> {
    if (this.channelType === Type.GROUP) return unreadMentions(this.channelId);
    const unread = await unreadMessages(this);
    return unread.isOk ? NCResult.ok((unread.data ?? []).filter(mentionsMe)) : unread.wipe();
  }

  /** Messages before and after a time, oldest first. */
  async getMessagesAroundTime(params: {
    sentTime: number;
    beforeCount: number;
    afterCount: number;
  }): Promise<NCResult<Message[]>> {
    const { sentTime, beforeCount, afterCount } = params;
    const load = (startTime: number, pageSize: number, isAscending: boolean): Promise<NCResult<Message[]>> =>
      firstPage({ channelIdentifier: this.identifier, startTime, pageSize, isAscending });
    const [before, after] = await Promise.all([load(sentTime + 1, beforeCount, false), load(sentTime, afterCount, true)]);
    if (!before.isOk) return before;
    if (!after.isOk) return after;
    return NCResult.ok([...(before.data ?? []).reverse(), ...(after.data ?? [])]);
  }

  /** Keeps the channel on top of the list, on all of the user's devices. */
  async pin(_params?: { updateOperationTime?: boolean }): Promise<NCResult> {
    const answer = await changeChannel(this.identifier, { pinned: true });
    if (answer.isOk) this.isPinned = true;
    return answer;
  }

  /** Lets the channel take its place in the list again. */
  async unpin(): Promise<NCResult> {
    const answer = await changeChannel(this.identifier, { pinned: false });
    if (answer.isOk) this.isPinned = false;
    return answer;
  }

  /** Sets which of its messages notify, on all of the user's devices. */
  async setNoDisturbLevel(level: ChannelNoDisturbLevel): Promise<NCResult> {
    const answer = await changeChannel(this.identifier, { level });
    if (answer.isOk) this.noDisturbLevel = level;
    return answer;
  }

  /** Keeps a text that is not sent yet on this installation. */
  async saveDraft(draft: string): Promise<NCResult> {
    const answer = await changeChannel(this.identifier, { draft });
    if (answer.isOk) this.draft = draft;
    return answer;
  }

  /** Forgets the text that is not sent yet. */
  clearDraft(): Promise<NCResult> {
    return this.saveDraft('');
  }

  /** Takes the channel off the list on all of the user's devices; the next message puts it back. Its history stays. */
  delete(): Promise<NCResult> {
    return changeChannel(this.identifier, { hidden: true });
  }

  /** The ids of the tags that the channel is under. */
  async getTags(): Promise<NCResult<string[]>> {
    const found = await tags(this.identifier);
    return found.isOk ? NCResult.ok((found.data ?? []).map(({ tagId }) => tagId)) : found.wipe();
  }

  /** Puts the channel under tags of the user's. */
  addTags(tagIds: string[]): Promise<NCResult> {
    return tag(this.identifier, tagIds, true);
  }

  /** Takes the channel from under tags. */
  deleteTags(tagIds: string[]): Promise<NCResult> {
    return tag(this.identifier, tagIds, false);
  }

  /** Makes tags, at most 20 in all, or gives those that are there another name. */
  static setChannelTags(list: ChannelTagInfo[]): Promise<NCResult> {
    return setTags(list);
  }

  /** Ends tags; channels are under them no more. */
  static removeChannelTags(tagIds: string[]): Promise<NCResult> {
    return removeTags(tagIds);
  }

  /** The user's tags, the oldest first. */
  static getChannelTags(): Promise<NCResult<ChannelTagInfo[]>> {
    return tags();
  }

  /** The channels under a tag. */
  static getTaggedChannels(tagId: string): Promise<NCResult<ChannelIdentifier[]>> {
    return tagged(tagId);
  }
}

/** The oldest hundred messages of a group that the user has not read and that mention them. */
async function unreadMentions(id: string): Promise<NCResult<Message[]>> {
  const answer = await client.request({ case: 'getUnreadMentions', value: { channel: { type: Type.GROUP as number, id }, limit: 100 } });
  if (!answer.isOk) return answer.wipe();
  if (answer.data?.case !== 'history') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
  return NCResult.ok(answer.data.value.messages.map((message) => messageOf(messageRecord(message, client.userId, Date.now()))));
}

async function markRead(identifier: ChannelIdentifier, messageId: string): Promise<NCResult> {
  const fault = channelFault(identifier);
  if (fault !== undefined) return fault;
  return (await client.call('markRead', { channel: channelKey(identifier), messageId })).wipe();
}

async function firstPage(params: MessagesQueryParams): Promise<NCResult<Message[]>> {
  if (params.pageSize !== undefined && params.pageSize < 1) return NCResult.ok([]);
  const page = await BaseChannel.createMessagesQuery(params).loadNextPage();
  return page.isOk ? NCResult.ok(page.data?.data ?? []) : page.wipe();
}

/** Messages not read, oldest first, as far as one page reaches. */
async function unreadMessages(channel: BaseChannel): Promise<NCResult<Message[]>> {
  const count = await channel.getUnreadCount();
  if (!count.isOk) return count.wipe();
  if (!count.data) return NCResult.ok([]);
  const page = await firstPage({ channelIdentifier: channel.identifier, pageSize: 100 });
  if (!page.isOk) return page;
  const received = (page.data ?? []).filter((message) => message.senderUserId !== client.userId && message.isCounted);
  return NCResult.ok(received.slice(0, count.data).reverse());
}

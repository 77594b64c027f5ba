/**
 * The store's records, made from what travels.
 *
 * @module
 */

import { ChannelType, SentStatus } from '../enums.js';
import type { Channel, ChannelSettings, ChannelState, Message } from '../gen/nuncio/v1/message_pb.js';
import type { ChannelRecord, MessageRecord } from './api.js';

/** A channel's key, such as `1:alice`. */
export function keyOfChannel(channel: Channel | undefined): string {
  return `${channel?.type ?? 0}:${channel?.id ?? ''}`;
}

/** Whether a key is of a kind of channels whose settings the server keeps: direct ones and groups. */
export function hasSettings(key: string): boolean {
  return key.startsWith(`${ChannelType.DIRECT}:`) || key.startsWith(`${ChannelType.GROUP}:`);
}

/** The channel with this key, as it travels. */
export function channelOfKey(key: string): { type: number; id: string } {
  const colon = key.indexOf(':');
  return { type: Number(key.slice(0, colon)), id: key.slice(colon + 1) };
}

/** A channel nobody has written in yet. */
export function emptyChannel(key: string): ChannelRecord {
  return {
    key,
    latest: null,
    unread: 0,
    mentioned: 0,
    mentionedMe: 0,
    firstUnreadAt: 0,
    readMessageId: '',
    peerReadMessageId: '',
    updatedAt: 0,
    pinned: false,
    level: 0,
    draft: '',
    hidden: false,
    deletedBefore: 0,
  };
}

let lastClientId = 0;

/** A number that grows, and that no other page of this device is likely to give. */
export function nextClientId(now: number): number {
  lastClientId = Math.max(lastClientId + 1, now * 1024 + Math.floor(Math.random() * 1024));
  return lastClientId;
}

/** The key of a message that has no id of the server's yet. */
export function unsentKey(clientMessageId: string): string {
  return `c:${clientMessageId}`;
}

/** A message from the wire. */
export function messageRecord(message: Message, me: string, now: number): MessageRecord {
  const mine = message.senderId === me;
  return {
    key: message.id,
    channel: keyOfChannel(message.channel),
    messageId: message.id,
    clientMessageId: message.clientMessageId,
    clientId: nextClientId(now),
    senderId: message.senderId,
    type: message.type,
    content: message.content,
    sentAt: Number(message.sentAt),
    receivedAt: now,
    mine,
    status: mine ? SentStatus.SENT : SentStatus.RECEIVED,
    counted: message.counted,
    needsReceipt: message.needsReceipt,
    transient: false,
    editedAt: Number(message.editedAt),
    ...(message.toUserIds.length > 0 ? { toUserIds: message.toUserIds } : {}),
    ...(message.recalled ? { hidden: true } : {}),
  };
}

/** A channel's state from the server, keeping what only this installation knows. */
export function channelRecord(state: ChannelState, old: ChannelRecord | undefined, me: string, now: number): ChannelRecord {
  const key = keyOfChannel(state.channel);
  const base = old ?? emptyChannel(key);
  const latest = state.latestMessage ? messageRecord(state.latestMessage, me, now) : null;
  const updatedAt = Math.max(Number(state.updatedAt), latest?.sentAt ?? 0);
  return {
    ...base,
    latest: latest?.hidden ? null : latest,
    unread: state.unreadCount,
    ...(key.startsWith(`${ChannelType.GROUP}:`) ? { mentioned: state.mentionedCount, mentionedMe: state.mentionedMeCount } : {}),
    readMessageId: state.readMessageId,
    peerReadMessageId: state.peerReadMessageId,
    updatedAt,
    hidden: base.hidden && updatedAt <= base.updatedAt,
  };
}

/** A channel with what the user has set for it on any device; nothing is set where there are no settings. */
export function withSettings(channel: ChannelRecord, settings: ChannelSettings | undefined, now: number): ChannelRecord {
  const { pinned = false, level = 0, removedMessageId = '' } = settings ?? {};
  const hidden = removedMessageId !== '' && (channel.latest?.messageId ?? '') <= removedMessageId;
  // A pin puts a channel on the list that nobody has written in yet.
  const updatedAt = channel.updatedAt || (pinned ? now : 0);
  return { ...channel, pinned, level, hidden, updatedAt };
}

/** Whom a content mentions: nobody, others, or `me` as well. */
export function mentions(record: MessageRecord, me: string): 'none' | 'others' | 'me' {
  if (!record.content.includes('"mentionedInfo"')) return 'none';
  try {
    const info = (JSON.parse(record.content) as { mentionedInfo?: { type?: number; userIdList?: string[] } }).mentionedInfo;
    if (!info) return 'none';
    return info.type === 1 || info.userIdList?.includes(me) ? 'me' : 'others';
  } catch {
    return 'none';
  }
}

/**
 * What each step of the inbox does to the store, and what the pages are told of it.
 *
 * @module
 */

import { ChannelType, SentStatus } from '../enums.js';
import type { ChannelRead, ChannelSettings, Entry, MessageRecalled, ReadReceipt } from '../gen/nuncio/v1/message_pb.js';
import type { ChannelRecord, CoreEvent, MessageRecord } from './api.js';
import { emptyChannel, keyOfChannel, mentions, messageRecord, unsentKey, withSettings } from './records.js';
import type { Tx } from './store.js';

/** Own messages looked through for a read receipt. */
const RECEIPT_REACH = 200;

/** What applying entries depends on besides the store. */
export interface EntryWorld {
  /** The current user. */
  me: string;
  now: number;
  /** Entries up to here may be in the channels' states already. */
  overlapThrough: number;
  /** Entries up to here are in the store already, put there by another page. */
  storedThrough: number;
  /** Whether this core sent the message, so that its page knows it. */
  isOurs(clientMessageId: string): boolean;
}

/** Applies entries inside one transaction and collects the events for after its commit. */
export class EntryWriter {
  private events: CoreEvent[] = [];
  private messages: MessageRecord[] = [];
  private overlaps = false;
  private again = false;

  constructor(
    private readonly tx: Tx,
    private readonly world: EntryWorld,
  ) {}

  /** The events, in order. Call it once, at the end. */
  finish(): CoreEvent[] {
    this.flushMessages();
    return this.events;
  }

  /** Applies one entry. */
  async apply(entry: Entry): Promise<void> {
    const { body } = entry;
    const at = Number(entry.at);
    this.overlaps = Number(entry.seq) <= this.world.overlapThrough;
    this.again = Number(entry.seq) <= this.world.storedThrough;
    switch (body.case) {
      case 'message':
        return this.message(messageRecord(body.value, this.world.me, this.world.now));
      case 'recalled':
        return this.recalled(body.value, at);
      case 'edited':
        if (body.value.message === undefined) return;
        return this.edited(messageRecord(body.value.message, this.world.me, this.world.now));
      case 'channelRead':
        return this.channelRead(keyOfChannel(body.value.channel), body.value.messageId, body.value.unreadCount, at, body.value);
      case 'channelSettings':
        return this.channelSettings(body.value, at);
      case 'channelTypeLevel':
        return; // Read from the server when it is asked for.
      case 'readReceipt':
        return this.readReceipt(body.value, at);
      case 'channelTagsChanged': {
        const { set, removedTagIds, added, removed } = body.value;
        return this.tell({ kind: 'tags', tags: set.length + removedTagIds.length > 0, channels: added.length + removed.length > 0 });
      }
      case 'readReceipts':
        return; // It has no place in the inbox: see `Core`.
      case 'blocklistChanged':
        return this.tell({ kind: 'blocklist', added: body.value.added, removed: body.value.removed });
      case 'whitelistChanged': {
        const { added, removed, enabled } = body.value;
        return this.tell({ kind: 'whitelist', added, removed, ...(enabled === undefined ? {} : { enabled }) });
      }
      case 'friend':
        return this.tell({ kind: 'friend', event: body.value, at });
      case 'group':
        return this.tell({ kind: 'group', event: body.value, at });
      case 'profileChanged':
        if (body.value.profile === undefined) return;
        this.tx.put('profiles', body.value.profile);
        return this.tell({ kind: 'profile', profile: body.value.profile, friend: body.value.friend, at });
      case 'accountChanged':
        if (body.value.account === undefined) return;
        this.tx.put('meta', { key: 'account', value: body.value.account });
        return this.tell({ kind: 'account', account: body.value.account });
      case undefined:
        return; // From a newer server.
    }
  }

  /** A message that arrived, or was sent from any of the user's devices. */
  async message(record: MessageRecord): Promise<void> {
    if (record.hidden) return; // Recalled before it got here.
    const unsent = await this.replaceUnsent(record);
    const known = await this.tx.get('messages', record.key);
    if (known === undefined || unsent) {
      this.tx.put('messages', record);
      await this.showInChannel(record);
    } else if (this.again) {
      record.clientId = known.clientId;
    } else if (record.mine || known.hidden) {
      return;
    } else {
      // A channel's state or a page of history had it before its entry came: nobody was told of it yet.
      record = { ...withEdit(record, known), clientId: known.clientId };
      await this.showInChannel(record);
    }
    if (!record.mine || !this.world.isOurs(record.clientMessageId)) this.messages.push(record);
  }

  /** Takes the place of the record that waited for the acknowledgement, keeping its number. */
  private async replaceUnsent(record: MessageRecord): Promise<boolean> {
    if (!record.mine || record.clientMessageId === '') return false;
    const key = unsentKey(record.clientMessageId);
    const unsent = await this.tx.get('messages', key);
    if (unsent === undefined) return false;
    this.tx.delete('messages', key);
    record.clientId = unsent.clientId;
    return true;
  }

  private async showInChannel(record: MessageRecord): Promise<void> {
    const channel = (await this.tx.get('channels', record.channel)) ?? emptyChannel(record.channel);
    const replaced = channel.latest?.clientId === record.clientId;
    const inCount = this.overlaps && channel.latest !== null && record.messageId <= channel.latest.messageId;
    if (channel.latest === null || replaced || channel.latest.sentAt <= record.sentAt) channel.latest = record;
    if (!record.mine && record.counted && !inCount) {
      channel.unread += 1;
      if (channel.unread === 1) channel.firstUnreadAt = record.sentAt;
      const mentioned = mentions(record, this.world.me);
      if (mentioned !== 'none') channel.mentioned += 1;
      if (mentioned === 'me') channel.mentionedMe += 1;
    }
    channel.updatedAt = Math.max(channel.updatedAt, record.sentAt);
    channel.hidden = false;
    this.tx.put('channels', channel);
  }

  /** A message says something else. One that this device does not have is told of, and not kept. */
  async edited(record: MessageRecord): Promise<void> {
    const known = await this.tx.get('messages', record.key);
    if (record.hidden || known?.hidden) return; // Recalled since.
    const isNew = known === undefined || known.editedAt < record.editedAt;
    if (!isNew && !this.again) return;
    const message = known === undefined ? record : withEdit(known, record);
    if (known !== undefined) this.tx.put('messages', message);
    const channel = await this.tx.get('channels', record.channel);
    if (channel?.latest?.key === record.key) this.tx.put('channels', { ...channel, latest: message });
    this.tell({ kind: 'edited', messages: [message] });
  }

  private async recalled(recall: MessageRecalled, at: number): Promise<void> {
    await this.hide(keyOfChannel(recall.channel), recall.messageId);
    this.tell({
      kind: 'recalled',
      messages: [{ channel: keyOfChannel(recall.channel), messageId: recall.messageId, at }],
    });
  }

  /** Takes one message out of sight; the channel then shows the one before. */
  async hide(channelKey: string, messageKey: string): Promise<void> {
    const record = await this.tx.get('messages', messageKey);
    if (record !== undefined) this.tx.put('messages', { ...record, hidden: true, content: '' });
    const channel = await this.tx.get('channels', channelKey);
    if (channel?.latest?.key !== messageKey) return;
    channel.latest = await newestSeen(this.tx, channel, messageKey);
    this.tx.put('channels', channel);
  }

  /** The user has read a channel, here or on another device. */
  async channelRead(key: string, messageId: string, unread: number, at: number, mentions?: ChannelRead): Promise<void> {
    const channel = await this.tx.get('channels', key);
    if (channel === undefined) return;
    const changed = channel.unread !== unread || channel.readMessageId < messageId;
    if (!changed && !this.again) return; // It was read on this device.
    channel.unread = unread;
    if (channel.readMessageId < messageId) channel.readMessageId = messageId;
    // Of a group the server says how many of those left mention whom.
    if (mentions?.channel?.type === (ChannelType.GROUP as number)) {
      Object.assign(channel, { mentioned: mentions.mentionedCount, mentionedMe: mentions.mentionedMeCount });
    }
    if (unread === 0) Object.assign(channel, { mentioned: 0, mentionedMe: 0, firstUnreadAt: 0 });
    this.tx.put('channels', channel);
    this.tell({ kind: 'channel', channel: key, change: { kind: 'read', at } });
  }

  /** The user has set something for a channel on some device. */
  private async channelSettings(settings: ChannelSettings, at: number): Promise<void> {
    const key = keyOfChannel(settings.channel);
    const old = (await this.tx.get('channels', key)) ?? emptyChannel(key);
    const channel = withSettings(old, settings, at);
    this.tx.put('channels', channel);
    const { pinned, level } = channel;
    if (pinned !== old.pinned) this.tell({ kind: 'channel', channel: key, change: { kind: 'pinned', pinned } });
    if (level !== old.level) this.tell({ kind: 'channel', channel: key, change: { kind: 'level', level } });
  }

  private async readReceipt(receipt: ReadReceipt, at: number): Promise<void> {
    const key = keyOfChannel(receipt.channel);
    const channel = (await this.tx.get('channels', key)) ?? emptyChannel(key);
    const before = channel.peerReadMessageId;
    if (receipt.messageId <= before) return;
    channel.peerReadMessageId = receipt.messageId;
    if (channel.latest && isReadUpTo(channel.latest, receipt.messageId)) channel.latest.status = SentStatus.READ;
    this.tx.put('channels', channel);
    const recent = await this.tx.messages({ channel: key, ascending: false, limit: RECEIPT_REACH });
    const read = recent.filter((m) => m.messageId > before && isReadUpTo(m, receipt.messageId));
    for (const message of read) this.tx.put('messages', { ...message, status: SentStatus.READ });
    if (read.length === 0) return;
    const receipts = read.map((m) => ({ channel: key, messageId: m.messageId, readerId: receipt.readerId, at }));
    this.tell({ kind: 'receipts', receipts: receipts.reverse() });
  }

  private tell(event: CoreEvent): void {
    this.flushMessages();
    this.events.push(event);
  }

  /** Neighbouring messages become one event. */
  private flushMessages(): void {
    if (this.messages.length === 0) return;
    this.events.push({ kind: 'messages', messages: this.messages });
    this.messages = [];
  }
}

/** A message as this device knows it, with what a newer record of it says. */
export function withEdit(known: MessageRecord, newer: MessageRecord): MessageRecord {
  if (newer.editedAt <= known.editedAt) return known;
  return { ...known, content: newer.content, editedAt: newer.editedAt };
}

/** Whether an own message that asks for receipts lies at or before the other side's place. */
export function isReadUpTo(message: MessageRecord, peerReadMessageId: string): boolean {
  return message.mine && message.needsReceipt && message.messageId !== '' && message.messageId <= peerReadMessageId;
}

/** The newest message of a channel that is to be seen, other than `except`. */
export async function newestSeen(tx: Tx, channel: ChannelRecord, except = ''): Promise<MessageRecord | null> {
  const recent = await tx.messages({ channel: channel.key, ascending: false, limit: 50 });
  return recent.find((m) => m.key !== except && !m.hidden && m.sentAt > channel.deletedBefore) ?? null;
}

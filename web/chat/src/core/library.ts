/**
 * What the pages read from and note in the store, helped by the server where it knows more.
 *
 * @module
 */

import { SentStatus } from '../enums.js';
import type {
  ChannelRecord,
  CoreEvent,
  HistoryPage,
  MessageRecord,
  SearchParams,
} from './api.js';
import type { HistoryPlace } from '../query.js';
import type { Connection } from './connection.js';
import { EntryWriter, isReadUpTo, newestSeen } from './entries.js';
import { channelOfKey, emptyChannel, messageRecord } from './records.js';
import type { Place, Store, Tx } from './store.js';
import { comparePlaces } from './store.js';

/** Messages looked through by one search. */
const SEARCH_REACH = 20_000;

/** What the library needs from its session. */
export interface LibraryHost {
  store: Store;
  userId: string;
  now(): number;
  connection(): Connection | undefined;
}

/** What a page may change of a channel. */
export type ChannelPart = Partial<Pick<ChannelRecord, 'pinned' | 'level' | 'draft' | 'hidden'>>;

/** See the module. */
export class Library {
  constructor(private readonly host: LibraryHost) {}

  /** The channel list, newest first; or the channels with these keys, made up where nothing is known. */
  channels(keys?: string[]): Promise<ChannelRecord[]> {
    return this.host.store.transact('readonly', async (tx) => {
      if (keys !== undefined) {
        return Promise.all(keys.map(async (key) => (await tx.get('channels', key)) ?? emptyChannel(key)));
      }
      const all = await tx.all('channels');
      const shown = all.filter((c) => !c.hidden && c.updatedAt > 0);
      return shown.sort((a, b) => b.updatedAt - a.updatedAt);
    });
  }

  /** A page of messages: from the server when there is a connection, else what the device has. */
  async history(channel: string, from: HistoryPlace, ascending: boolean, limit: number): Promise<HistoryPage> {
    const connection = this.host.connection();
    const page =
      connection === undefined
        ? await this.localPage(channel, from, ascending, limit)
        : await this.remotePage(connection, channel, from, ascending, limit);
    const state = (await this.channels([channel]))[0] as ChannelRecord;
    const messages = page.messages.filter((m) => !m.hidden && m.sentAt > state.deletedBefore);
    return { ...page, messages: messages.map((m) => withReadState(m, state)) };
  }

  private async remotePage(
    connection: Connection,
    channel: string,
    from: HistoryPlace,
    ascending: boolean,
    limit: number,
  ): Promise<HistoryPage> {
    const known = from.key !== '' && !from.key.startsWith('c:');
    const answer = await connection.request({
      case: 'getHistory',
      value: {
        channel: channelOfKey(channel),
        fromMessageId: known ? from.key : '',
        fromTime: known ? 0n : BigInt(from.time),
        ascending,
        limit,
      },
    });
    if (answer.case !== 'history') return this.localPage(channel, from, ascending, limit);
    const { messages: wire, hasMore } = answer.value;
    const last = wire[wire.length - 1];
    const next = last ? { time: Number(last.sentAt), key: last.id } : from;
    const messages = await this.host.store.transact('readwrite', async (tx) => {
      const merged: MessageRecord[] = [];
      for (const message of wire) merged.push(await this.keep(tx, messageRecord(message, this.host.userId, this.host.now())));
      const end = hasMore && last ? { sentAt: Number(last.sentAt), key: last.id } : undefined;
      const local = await this.unsentBetween(tx, channel, from, end, ascending);
      return [...merged, ...local];
    });
    messages.sort((a, b) => (ascending ? comparePlaces(a, b) : comparePlaces(b, a)));
    return { messages, hasMore, next };
  }

  /** Stores a message from the history; what only this device knows of it stays. */
  private async keep(tx: Tx, record: MessageRecord): Promise<MessageRecord> {
    const known = await tx.get('messages', record.key);
    if (known === undefined) {
      if (!record.hidden) tx.put('messages', record);
      return record;
    }
    const kept = { ...record, clientId: known.clientId, receivedAt: known.receivedAt, status: known.status };
    if (known.hidden || record.hidden) kept.hidden = true;
    return kept;
  }

  /** Messages that never reached the server, or were made here, and lie inside the page's stretch. */
  private async unsentBetween(
    tx: Tx,
    channel: string,
    from: HistoryPlace,
    end: Place | undefined,
    ascending: boolean,
  ): Promise<MessageRecord[]> {
    const start = placeOf(from);
    const [after, before] = ascending ? [start, end] : [end, start];
    const limit = 500;
    const found = await tx.messages({ channel, ascending, limit, ...(after && { after }), ...(before && { before }) });
    return found.filter((m) => m.key.startsWith('c:'));
  }

  private localPage(channel: string, from: HistoryPlace, ascending: boolean, limit: number): Promise<HistoryPage> {
    return this.host.store.transact('readonly', async (tx) => {
      const place = placeOf(from);
      const bounds = place === undefined ? {} : ascending ? { after: place } : { before: place };
      const found = await tx.messages({ channel, ascending, limit: limit + 1, ...bounds });
      const messages = found.slice(0, limit);
      const last = messages[messages.length - 1];
      return {
        messages,
        hasMore: found.length > limit,
        next: last ? { time: last.sentAt, key: last.key } : from,
      };
    });
  }

  /** One message: from this device, else from the server, which has it right after the one before it. */
  async lookUp(channel: string, messageId: string): Promise<MessageRecord | undefined> {
    const [known] = await this.find([messageId]);
    const connection = this.host.connection();
    if (known !== undefined || connection === undefined) return known;
    const before = await this.remotePage(connection, channel, { time: 0, key: messageId }, false, 1);
    const from = before.messages[0]?.messageId ?? '';
    await this.remotePage(connection, channel, { time: 0, key: from }, true, 1);
    return (await this.find([messageId]))[0];
  }

  /** Messages on this device by the server's id or by number. */
  find(messageIds: string[], clientId?: number): Promise<MessageRecord[]> {
    return this.host.store.transact('readonly', async (tx) => {
      const byId = await Promise.all(messageIds.map((id) => tx.get('messages', id)));
      const found = byId.filter((m) => m !== undefined);
      if (clientId !== undefined) found.push(...(await tx.all('messages')).filter((m) => m.clientId === clientId));
      return Promise.all(found.map(async (m) => withReadState(m, (await tx.get('channels', m.channel)) ?? emptyChannel(m.channel))));
    });
  }

  /** Messages on this device whose content holds the keyword, newest first. */
  search(params: SearchParams): Promise<MessageRecord[]> {
    const { channel, senderId, before, after, limit } = params;
    const keyword = params.keyword.toLowerCase();
    return this.host.store.transact('readonly', async (tx) => {
      const bound = before > 0 ? { before: { sentAt: before, key: '' } } : {};
      const all =
        channel === ''
          ? await tx.all('messages')
          : await tx.messages({ channel, ascending: false, limit: SEARCH_REACH, ...bound });
      return all
        .filter((m) => !m.hidden && m.sentAt > after && (before === 0 || m.sentAt < before))
        .filter((m) => (senderId === '' || m.senderId === senderId) && searchable(m).includes(keyword))
        .sort((a, b) => comparePlaces(b, a))
        .slice(0, limit);
    });
  }

  /** Stores messages that were made on this device. */
  insert(records: MessageRecord[]): Promise<void> {
    return this.host.store.transact('readwrite', async (tx) => {
      for (const record of records) {
        tx.put('messages', record);
        await raiseChannel(tx, record);
      }
    });
  }

  /** Stores what became of an own message, and shows it in the list. */
  async note(record: MessageRecord): Promise<void> {
    await this.insert([record]);
  }

  /** Stores an acknowledged message in the place of the one that waited. */
  acknowledged(record: MessageRecord): Promise<MessageRecord> {
    return this.writing(async (_, writer) => {
      await writer.message(record);
      return record;
    });
  }

  /** Hides messages from the user, on this device. */
  hide(channel: string, keys: string[], before: number): Promise<void> {
    return this.host.store.transact('readwrite', async (tx) => {
      for (const key of keys) {
        const record = await tx.get('messages', key);
        if (record) tx.put('messages', { ...record, hidden: true, content: '' });
      }
      const state = (await tx.get('channels', channel)) ?? emptyChannel(channel);
      state.deletedBefore = Math.max(state.deletedBefore, before);
      const gone = state.latest && (keys.includes(state.latest.key) || state.latest.sentAt <= state.deletedBefore);
      if (gone) state.latest = await newestSeen(tx, state);
      tx.put('channels', state);
    });
  }

  /** Changes what only this device keeps of a channel. Answers whether anything changed. */
  changeChannel(key: string, change: ChannelPart): Promise<boolean> {
    return this.host.store.transact('readwrite', async (tx) => {
      const old = (await tx.get('channels', key)) ?? emptyChannel(key);
      const channel = { ...old, ...change };
      // A draft or a pin puts a channel on the list that nobody has written in yet.
      if (channel.updatedAt === 0 && (channel.draft !== '' || channel.pinned)) channel.updatedAt = this.host.now();
      if (change.hidden === undefined && (change.draft || change.pinned)) channel.hidden = false;
      tx.put('channels', channel);
      return (Object.keys(change) as (keyof ChannelPart)[]).some((name) => old[name] !== channel[name]);
    });
  }

  /** The user has read a channel here: counts nothing as unread. */
  markRead(channel: string, messageId: string, at: number): Promise<CoreEvent[]> {
    return this.writing(async (tx, writer) => {
      const state = await tx.get('channels', channel);
      const upTo = messageId || state?.latest?.messageId || '';
      const newer = messageId === '' ? [] : await this.unreadAfter(tx, channel, messageId);
      await writer.channelRead(channel, upTo, newer.length, at);
      return writer.finish();
    });
  }

  /** Takes in an edit that was made here. */
  edited(record: MessageRecord): Promise<CoreEvent[]> {
    return this.writing(async (_, writer) => {
      await writer.edited(record);
      return writer.finish();
    });
  }

  /** What happens here changes the store as if it came through the inbox. */
  private writing<R>(work: (tx: Tx, writer: EntryWriter) => Promise<R>): Promise<R> {
    const { store, userId, now } = this.host;
    return store.transact('readwrite', (tx) => {
      const world = { me: userId, now: now(), overlapThrough: 0, storedThrough: 0, isOurs: () => true };
      return work(tx, new EntryWriter(tx, world));
    });
  }

  private async unreadAfter(tx: Tx, channel: string, messageId: string): Promise<MessageRecord[]> {
    const recent = await tx.messages({ channel, ascending: false, limit: 500 });
    return recent.filter((m) => !m.mine && m.counted && !m.hidden && m.messageId > messageId);
  }
}

/** A failed or waiting message shows in the list too. */
async function raiseChannel(tx: Tx, record: MessageRecord): Promise<void> {
  const channel = (await tx.get('channels', record.channel)) ?? emptyChannel(record.channel);
  const same = channel.latest?.clientId === record.clientId;
  if (channel.latest === null || same || channel.latest.sentAt <= record.sentAt) channel.latest = record;
  channel.updatedAt = Math.max(channel.updatedAt, record.sentAt);
  channel.hidden = false;
  tx.put('channels', channel);
}

function withReadState(record: MessageRecord, channel: ChannelRecord): MessageRecord {
  if (record.mine) {
    return isReadUpTo(record, channel.peerReadMessageId) ? { ...record, status: SentStatus.READ } : record;
  }
  return { ...record, read: record.messageId <= channel.readMessageId };
}

function placeOf(from: HistoryPlace): Place | undefined {
  return from.time === 0 && from.key === '' ? undefined : { sentAt: from.time, key: from.key };
}

/** The content's texts, without the names of its members. */
function searchable(record: MessageRecord): string {
  try {
    const texts: string[] = [];
    JSON.parse(record.content, (name, value: unknown) => {
      if (typeof value === 'string' && name !== 'thumbnailBase64') texts.push(value);
      return value;
    });
    return texts.join('\n').toLowerCase();
  } catch {
    return record.content.toLowerCase();
  }
}

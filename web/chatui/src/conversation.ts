/**
 * The messages of one open conversation: what is loaded, what comes in, and what is on its way out.
 *
 * @module
 */

import type { ChannelIdentifier, MentionedInfo, Message, MessagesQuery, NCResult, SendMediaMessageParams } from '@nuncio/chat';
import {
  BaseChannel,
  DirectChannel,
  GroupChannel,
  Helper,
  MessageDirection,
  MessageType,
  NCEngine,
  SendMessageParams,
  SendTextMessageParams,
  SentStatus,
} from '@nuncio/chat';
import { groupIdOf, identifierOf, keyOf } from './conversation-key.js';
import { succeed } from './failure.js';
import { groups } from './groups.js';
import type { ReadCount } from './session.js';
import { session } from './session.js';

/** Messages that are read at once. */
const PAGE = 50;
/** How often "is typing" is told at most. */
const TYPING_PAUSE = 4_000;

/** A message as the conversation shows it. */
export interface Entry {
  /** Stays the same from sending to reading. */
  key: string;
  /** The message. */
  message: Message;
}

/** One conversation, with a user or in a group. Fires `change` when its entries are different. */
export class Conversation extends EventTarget {
  /** The channel. */
  readonly channel: BaseChannel;
  /** With whom; empty in a group. */
  readonly userId: string;
  /** In which group; empty with one user. */
  readonly groupId: string;
  /** What is loaded, oldest first. */
  entries: Entry[] = [];
  /** Whether there is nothing older. */
  complete = false;
  /** Whether older messages are being read. */
  loading = false;
  /** In a group: how many have read own messages, by their ids. */
  readonly readCounts = new Map<string, ReadCount>();
  #query: MessagesQuery;
  #stop: (() => void) | undefined;
  #typingTold = 0;
  /** Messages read before their own sending was answered. */
  readonly #readEarly = new Set<string>();
  /** Messages whose senders were told that they are read, and own ones whose readers were asked for. */
  readonly #toldRead = new Set<string>();
  readonly #askedCounts = new Set<string>();

  /** @param key the conversation's, see `conversation-key.ts` */
  constructor(readonly key: string) {
    super();
    this.groupId = groupIdOf(key);
    this.userId = this.groupId === '' ? key : '';
    this.channel = this.groupId === '' ? new DirectChannel(key) : new GroupChannel(this.groupId);
    this.#query = this.#newest();
  }

  /** Begins to listen and reads the newest messages. */
  open(): void {
    this.#stop ??= session.onMessages((event) => {
      if (event.kind === 'received' || event.kind === 'edited') {
        const own = event.messages.filter((message) => this.#isHere(message.channelIdentifier));
        if (own.length > 0) this.#merge(own);
      } else if (this.#isHere(event.channel)) {
        if (event.kind === 'counted') this.#counted(event.receipts);
        else if (event.kind === 'recalled') this.#recalled(event.messageIds);
        else this.#read(event.messageIds);
      }
    });
    if (this.userId !== '') session.watch(this.userId);
    else void groups.readStanding(this.groupId);
    void this.loadOlder();
  }

  /** Hears no more. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Reads the page before what is loaded. */
  async loadOlder(): Promise<void> {
    if (this.loading || this.complete) return;
    this.loading = true;
    this.#changed();
    const query = this.#query;
    const page = await query.loadNextPage();
    if (query !== this.#query) return;
    this.loading = false;
    if (page.isOk) {
      this.complete = !query.hasNext;
      this.#merge(page.data?.data ?? []);
    } else {
      this.#changed();
    }
  }

  /** Reads the newest messages anew: after a reconnection, or where the engine says that something is gone. */
  async reread(): Promise<void> {
    const query = this.#newest();
    const before = new Set(this.entries);
    // What was read while there was no connection is not told by itself.
    this.#askedCounts.clear();
    if (this.groupId !== '') void groups.readStanding(this.groupId);
    const page = await query.loadNextPage();
    if (!page.isOk) return;
    const fresh = page.data?.data ?? [];
    const oldest = fresh[fresh.length - 1];
    // What is older than the page just read stays as it was loaded, and so does what came or changed meanwhile.
    const older = oldest === undefined ? [] : this.entries.filter(({ message }) => message.sentTime < oldest.sentTime);
    const newer = this.entries.filter((entry) => !before.has(entry) || entry.message.sentStatus === SentStatus.SENDING);
    if (older.length === 0) {
      this.#query = query;
      this.complete = !query.hasNext;
      this.loading = false;
    }
    this.entries = [...new Set([...older, ...newer])];
    this.#merge(fresh);
  }

  /** Sends a text, as an answer to a message when one is given, that mentions members when some are given. */
  sendText(text: string, inReplyTo?: Message, mentionedInfo?: MentionedInfo): Promise<void> {
    const mentions = mentionedInfo === undefined ? {} : { mentionedInfo };
    if (inReplyTo === undefined) return this.send(new SendTextMessageParams({ text, ...mentions }));
    const content = { ...Helper.wrapAsReferenceMessageContent(inReplyTo, text), ...mentions };
    return this.send(new SendMessageParams(content, MessageType.REFERENCE));
  }

  /** Uploads a file and sends it: as a picture when it is one. */
  async sendFile(file: File): Promise<void> {
    const make = file.type.startsWith('image/') ? Helper.createSendImageMessageParams : Helper.createSendFileMessageParams;
    const params = await succeed<SendMediaMessageParams>(make(file) as Promise<NCResult<SendMediaMessageParams>>);
    return this.send(params, () => this.channel.sendMediaMessage(params));
  }

  /** Sends a message; it is shown at once. */
  async send<T>(
    params: SendMessageParams<T>,
    deliver: () => Promise<NCResult<Message<T>>> = () => this.channel.sendMessage(params),
  ): Promise<void> {
    params.needReceipt = true;
    const message = Helper.createMessage(this.channel.identifier, params) as Message;
    params.clientId = message.clientId;
    this.#merge([message]);
    const result = await deliver();
    if (result.isOk && result.data !== undefined) this.#merge([result.data as Message]);
    else this.#merge([Object.assign(message, { sentStatus: SentStatus.FAILED, failureCode: result.code })]);
    void session.readChannels();
  }

  /** Sends a message again that was not accepted. */
  async retry(entry: Entry): Promise<void> {
    await this.hide(entry);
    await this.send(new SendMessageParams(entry.message.content, entry.message.messageType));
  }

  /** Hides a message from the current user. */
  async hide(entry: Entry): Promise<void> {
    this.entries = this.entries.filter((one) => one.key !== entry.key);
    this.#changed();
    await this.channel.deleteMessagesForMe([entry.message]);
  }

  /** Takes a message back from everybody. */
  async recall(entry: Entry): Promise<void> {
    await succeed<unknown>(this.channel.deleteMessageForAll(entry.message));
    this.#recalled([entry.message.messageId]);
    void session.readChannels();
  }

  /** Gives a message another text. */
  async edit(entry: Entry, text: string): Promise<void> {
    const content = { ...(entry.message.content as object), text };
    const { messageId } = entry.message;
    const message = await succeed(BaseChannel.modifyMessage({ channelIdentifier: this.channel.identifier, messageId, content }));
    this.#merge([message as Message]);
  }

  /** Tells the other side that something is being written; groups are not told. */
  typing(): void {
    if (!(this.channel instanceof DirectChannel)) return;
    if (Date.now() - this.#typingTold < TYPING_PAUSE) return;
    this.#typingTold = Date.now();
    void this.channel.sendTypingStatus(MessageType.TEXT);
  }

  /** Says that everything here was seen; in a group also to those who asked to be told. */
  async markRead(): Promise<void> {
    if (this.groupId !== '') void this.#tellRead();
    const listed = session.listed(this.channel.identifier);
    if (listed === undefined || (listed.unreadCount === 0 && listed.mentionedMeCount === 0)) return;
    listed.unreadCount = listed.mentionedMeCount = 0;
    await this.channel.clearUnreadCount();
    void session.readChannels();
  }

  async #tellRead(): Promise<void> {
    const fresh = this.entries
      .map(({ message }) => message)
      .filter((message) => message.needReceipt && !message.sentReceipt && !isMine(message) && message.messageId !== '' && !this.#toldRead.has(message.messageId))
      .map(({ messageId }) => messageId);
    if (fresh.length === 0) return;
    for (const id of fresh) this.#toldRead.add(id);
    const told = await this.channel.sendReadReceiptResponse(fresh);
    if (!told.isOk) for (const id of fresh) this.#toldRead.delete(id);
  }

  /** Asks who has read own messages of a group that are new here. */
  async #askCounts(): Promise<void> {
    const ids = this.entries
      .map(({ message }) => message)
      .filter((message) => message.needReceipt && isMine(message) && message.messageId !== '' && !this.#askedCounts.has(message.messageId))
      .map(({ messageId }) => messageId);
    if (ids.length === 0) return;
    for (const id of ids) this.#askedCounts.add(id);
    const infos = await this.channel.getMessageReadReceiptInfo(ids);
    if (infos.isOk) this.#counted(infos.data ?? []);
    else for (const id of ids) this.#askedCounts.delete(id);
  }

  #counted(receipts: readonly ReadCount[]): void {
    for (const { messageId, readCount, unreadCount } of receipts) this.readCounts.set(messageId, { messageId, readCount, unreadCount });
    this.#changed();
  }

  #newest(): MessagesQuery {
    return BaseChannel.createMessagesQuery({ channelIdentifier: identifierOf(this.key), pageSize: PAGE });
  }

  #isHere(channel: ChannelIdentifier): boolean {
    return keyOf(channel) === this.key;
  }

  /** A notice takes the place of what was recalled, for as long as the conversation is open. */
  #recalled(messageIds: readonly string[]): void {
    for (const { message } of this.entries) {
      if (messageIds.includes(message.messageId)) Object.assign(message, { messageType: MessageType.RECALL_NOTIFICATION, content: {} });
    }
    this.#changed();
  }

  #read(messageIds: readonly string[]): void {
    const read = new Set(messageIds);
    for (const { message } of this.entries) {
      if (read.delete(message.messageId)) message.sentStatus = SentStatus.READ;
    }
    const sending = this.entries.some(({ message }) => message.sentStatus === SentStatus.SENDING);
    if (sending) for (const id of read) this.#readEarly.add(id);
    else this.#readEarly.clear();
    this.entries = [...this.entries];
    this.#changed();
  }

  #merge(messages: readonly Message[]): void {
    const entries = [...this.entries];
    // An own message has its number before it has its id.
    const places = new Map(entries.flatMap(({ message }, index) => [[idOf(message), index], ...(isMine(message) ? [[unsentId(message), index] as const] : [])] as const));
    for (const message of messages) {
      if (message.isStatusMessage) continue;
      if (this.#readEarly.delete(message.messageId)) message.sentStatus = SentStatus.READ;
      const place = places.get(idOf(message)) ?? (isMine(message) ? places.get(unsentId(message)) : undefined);
      const known = place === undefined ? undefined : entries[place]?.message;
      // A page that was read before the answer came would take the answer back.
      if (message.sentStatus === SentStatus.SENDING && known !== undefined && known.sentStatus !== SentStatus.SENDING) continue;
      if (place === undefined) entries.push({ key: idOf(message), message });
      else entries[place] = { key: entries[place]?.key ?? idOf(message), message };
    }
    this.entries = entries;
    this.#sort();
    this.#changed();
    if (this.groupId !== '') void this.#askCounts();
  }

  #sort(): void {
    // The server's order is that of the ids; what has none yet is newest by its time.
    this.entries = [...this.entries].sort((a, b) => a.message.sentTime - b.message.sentTime || compare(a.message.messageId, b.message.messageId));
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function idOf(message: Message): string {
  return message.messageId || unsentId(message);
}

function unsentId(message: Message): string {
  return `c:${message.clientId}`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? 1 : -1;
  return a < b ? -1 : 1;
}

/** Whether the current user wrote a message. */
export function isMine(message: Message): boolean {
  return message.direction === MessageDirection.SEND || message.senderUserId === NCEngine.getCurrentUserId();
}

/**
 * What a page changes on the server: who made the change is remembered, since the inbox tells of it too, and the
 * page that made it need not hear.
 *
 * @module
 */

import { NCCode } from '../codes.js';
import type { AnswerBody, CoreEvent, MessageRecord, RequestInit } from './api.js';
import type { Subscription } from '../gen/nuncio/v1/frame_pb.js';
import { refused } from './failure.js';
import type { Page } from './host.js';
import type { ChannelPart, Library } from './library.js';
import { channelOfKey, hasSettings, messageRecord } from './records.js';
import { remember } from './sender.js';

/** What the changes need from their session. */
export interface ChangesHost {
  userId(): string;
  now(): number;
  request(body: RequestInit): Promise<AnswerBody>;
  library(): Library;
  /** The same, once a device that knows nothing has looked at its channels. */
  syncedLibrary(): Promise<Library>;
  tell(event: CoreEvent, except?: Page): void;
}

/** See the module. */
export class Changes {
  private readers = new Map<string, Page>();
  private changers = new Map<string, Page>();
  private recallers = new Map<string, Page>();
  /** Changes of subscriptions that came from here, and how many of each are still to be told of. */
  private subscribing = new Map<string, number>();
  private editors = new Map<string, { page: Page; content: string }>();

  constructor(private readonly host: ChangesHost) {}

  /** The page that made what the inbox tells of. */
  authorOf(event: CoreEvent): Page | undefined {
    switch (event.kind) {
      case 'channel':
        return (event.change.kind === 'read' ? this.readers : this.changers).get(event.channel);
      case 'edited': {
        const [message] = event.messages;
        const editor = this.editors.get(message?.messageId ?? '');
        return editor?.content === message?.content ? editor?.page : undefined;
      }
      case 'recalled':
        return this.recallers.get(event.messages[0]?.messageId ?? '');
      default:
        return undefined;
    }
  }

  /** Asks the server; what the pushed frames will tell of that is noted before. */
  async ask(body: RequestInit): Promise<AnswerBody> {
    const { case: name, value } = body;
    if (name !== 'subscribe' && name !== 'unsubscribe') return this.host.request(body);
    const { type = 0, userIds = [] } = value as { type?: number; userIds?: string[] };
    const key = [name, type, ...userIds].join();
    remember(this.subscribing, key, (this.subscribing.get(key) ?? 0) + 1);
    try {
      return await this.host.request(body);
    } catch (error) {
      this.wasMine(key);
      throw error;
    }
  }

  /** Whether the subscriptions were made, or ended, on another device. */
  areForeign(subscriptions: readonly Subscription[]): boolean {
    const [first] = subscriptions;
    const name = first?.expiresAt ? 'subscribe' : 'unsubscribe';
    return !this.wasMine([name, first?.type, ...subscriptions.map((one) => one.userId)].join());
  }

  private wasMine(key: string): boolean {
    const left = this.subscribing.get(key) ?? 0;
    if (left > 1) this.subscribing.set(key, left - 1);
    else this.subscribing.delete(key);
    return left > 0;
  }

  /** Takes an own message back. The other pages are told by the entry that this makes in the own inbox. */
  async recall(page: Page, channel: string, messageId: string): Promise<void> {
    remember(this.recallers, messageId, page);
    await this.host.request({ case: 'recallMessage', value: { channel: channelOfKey(channel), messageId } });
    await this.host.library().hide(channel, [messageId], 0);
  }

  /** Gives an own message another content. */
  async edit(page: Page, channel: string, messageId: string, content: string): Promise<MessageRecord> {
    const { host } = this;
    remember(this.editors, messageId, { page, content });
    const value = { channel: channelOfKey(channel), messageId, content };
    const answer = await host.request({ case: 'editMessage', value });
    const message = answer.case === 'messageEdited' ? answer.value.message : undefined;
    if (message === undefined) throw refused(NCCode.BAD_FRAME, 'the server did not answer as agreed');
    const record = messageRecord(message, host.userId(), host.now());
    const events = await host.library().edited(record);
    for (const event of events) host.tell(event, page);
    return (await host.library().find([messageId]))[0] ?? record;
  }

  /** What belongs to the user goes to the server first; what is the installation's stays here. */
  async changeChannel(page: Page, channel: string, change: ChannelPart): Promise<void> {
    const { host } = this;
    const library = await host.syncedLibrary();
    const { pinned, level, hidden } = change;
    const latest = hidden ? (await library.channels([channel]))[0]?.latest?.messageId : undefined;
    const value = {
      ...(pinned === undefined ? {} : { pinned }),
      ...(level === undefined ? {} : { level }),
      ...(latest ? { removedMessageId: latest } : {}),
    };
    this.changers.set(channel, page);
    try {
      if (hasSettings(channel) && Object.keys(value).length > 0) {
        await host.request({ case: 'setChannelSettings', value: { channel: channelOfKey(channel), ...value } });
      }
      if (!(await library.changeChannel(channel, change))) return;
      if (pinned !== undefined) host.tell({ kind: 'channel', channel, change: { kind: 'pinned', pinned } }, page);
      if (level !== undefined) host.tell({ kind: 'channel', channel, change: { kind: 'level', level } }, page);
    } finally {
      this.changers.delete(channel);
    }
  }

  /** Counts a channel as read up to a message, or wholly. */
  async markRead(page: Page, channel: string, messageId: string): Promise<void> {
    const { host } = this;
    this.readers.set(channel, page);
    try {
      await host.request({ case: 'markRead', value: { channel: channelOfKey(channel), messageId } });
      const events = await host.library().markRead(channel, messageId, host.now());
      for (const event of events) host.tell(event, page);
    } finally {
      this.readers.delete(channel);
    }
  }
}

/**
 * Own messages from the page's call to the answer: into the store, through the outbox, to the other pages.
 *
 * @module
 */

import { NCCode } from '../codes.js';
import { SentStatus } from '../enums.js';
import type { CoreEvent, Failure, MessageRecord, OutgoingMessage } from './api.js';
import type { Connection } from './connection.js';
import type { Env } from './env.js';
import { refused } from './failure.js';
import type { Page } from './host.js';
import type { Library } from './library.js';
import { Outbox } from './outbox.js';
import { channelOfKey, unsentKey } from './records.js';

/** What one page did, remembered; the oldest notes go. */
const REMEMBERED = 1_000;

/** What the sender needs from its session. */
export interface SenderHost {
  env: Env;
  sendTimeoutMs: number;
  connection(): Connection | undefined;
  userId(): string;
  /** The server's time. */
  now(): number;
  /** Why nothing can be sent for good; `undefined` while there is hope. */
  refusal(): Failure | undefined;
  library(): Library;
  /** Messages in the store that were on their way when the last page of this device closed. */
  unsent(): Promise<MessageRecord[]>;
  /** An own message with this number in the inbox is in the store. */
  stored(seq: number): void;
  tell(event: CoreEvent, except?: Page): void;
}

/** See the module. */
export class Sender {
  readonly outbox: Outbox;
  private ours = new Map<string, true>();

  constructor(private readonly host: SenderHost) {
    this.outbox = new Outbox({
      env: host.env,
      sendTimeoutMs: host.sendTimeoutMs,
      connection: () => host.connection(),
      acknowledged: async ({ record, seq }) => {
        const stored = await host.library().acknowledged(record);
        if (seq > 0) host.stored(seq);
        return stored;
      },
      failed: (record) => host.library().note(record),
    });
  }

  /** Whether this device's present session sent the message. */
  isOurs(clientMessageId: string): boolean {
    return this.ours.has(clientMessageId);
  }

  /** Sends a message of a page's. Rejects with `Refused`. */
  async send(page: Page, message: OutgoingMessage): Promise<MessageRecord> {
    const { host } = this;
    const library = host.library();
    // The number first, so that messages of the same millisecond stay in the order of the calls.
    const clientMessageId = `${message.clientId.toString(36).padStart(11, '0')}-${host.env.uuid()}`;
    const record: MessageRecord = {
      ...message,
      key: unsentKey(clientMessageId),
      messageId: '',
      clientMessageId,
      senderId: host.userId(),
      sentAt: host.now(),
      receivedAt: host.env.now(),
      mine: true,
      status: SentStatus.SENDING,
      editedAt: 0,
    };
    remember(this.ours, clientMessageId, true);
    const refusal = host.refusal();
    // With an expired token the queue waits for a new one.
    if (refusal !== undefined && refusal.code !== NCCode.TOKEN_EXPIRED) {
      await library.note({ ...record, status: SentStatus.FAILED, failureCode: NCCode.NOT_CONNECTED });
      throw refused(NCCode.NOT_CONNECTED, `not connected: ${refusal.message}`);
    }
    if (message.transient) return this.sendTransient(record);
    await library.note(record);
    const sent = await this.outbox.send(record);
    host.tell({ kind: 'messages', messages: [sent] }, page);
    return sent;
  }

  /** Takes up messages that were on their way when the last page of this device closed. */
  async resume(): Promise<void> {
    const { env, sendTimeoutMs, library, tell } = this.host;
    const unsent = (await this.host.unsent()).filter((message) => !this.outbox.holds(message.clientMessageId));
    for (const record of unsent.sort((a, b) => a.clientId - b.clientId)) {
      if (env.now() - record.receivedAt > sendTimeoutMs) {
        await library().note({ ...record, status: SentStatus.FAILED, failureCode: NCCode.NO_ANSWER });
        continue;
      }
      remember(this.ours, record.clientMessageId, true);
      this.outbox.send(record).then(
        (sent) => tell({ kind: 'messages', messages: [sent] }),
        () => undefined, // It is marked as failed in the store, where the pages read it.
      );
    }
  }

  private async sendTransient(record: MessageRecord): Promise<MessageRecord> {
    const { clientMessageId, type, content } = record;
    const connection = this.host.connection();
    if (connection === undefined) throw refused(NCCode.NOT_CONNECTED, 'a transient message needs a connection');
    const channel = channelOfKey(record.channel);
    const answer = await connection.request({
      case: 'sendMessage',
      value: { channel, clientMessageId, type, content, transient: true, uncounted: true, toUserIds: record.toUserIds ?? [] },
    });
    if (answer.case !== 'messageSent') throw refused(NCCode.BAD_FRAME, 'the server did not answer as agreed');
    const { messageId, sentAt } = answer.value;
    return { ...record, key: messageId, messageId, sentAt: Number(sentAt), status: SentStatus.SENT };
  }
}

/** Notes something under an id. */
export function remember<V>(notes: Map<string, V>, id: string, note: V): void {
  notes.set(id, note);
  if (notes.size <= REMEMBERED) return;
  for (const oldest of notes.keys()) {
    notes.delete(oldest);
    return;
  }
}

/**
 * Messages on their way out: each is kept in the store from the first moment, sent again under the same client
 * message id after a lost connection, and settled once.
 *
 * @module
 */

import { NCCode } from '../codes.js';
import { SentStatus } from '../enums.js';
import type { Failure, MessageRecord } from './api.js';
import type { Connection } from './connection.js';
import type { Env } from './env.js';
import { failureOf, isTransient, Refused, refused } from './failure.js';
import { channelOfKey } from './records.js';

/** The pause before a message is tried again on the same connection, in milliseconds. */
const RETRY_MS = 1_000;

/** An acknowledged message. */
export interface Ack {
  record: MessageRecord;
  /** Its place in the sender's own inbox; 0 when it has none or had one already. */
  seq: number;
}

interface Waiting {
  record: MessageRecord;
  inFlight: boolean;
  resolve(record: MessageRecord): void;
  reject(error: Refused): void;
  cancelDeadline(): void;
}

/** What the outbox needs from its session. */
export interface OutboxHost {
  env: Env;
  sendTimeoutMs: number;
  connection(): Connection | undefined;
  /** Stores the acknowledged message; resolves when that is done. */
  acknowledged(ack: Ack): Promise<MessageRecord>;
  /** Stores that the message was not sent. */
  failed(record: MessageRecord): Promise<void>;
}

/** See the module. */
export class Outbox {
  private waiting = new Map<string, Waiting>();

  constructor(private readonly host: OutboxHost) {}

  /** Sends a stored message as soon as there is a connection. Rejects with {@link Refused}. */
  send(record: MessageRecord): Promise<MessageRecord> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { record, inFlight: false, resolve, reject, cancelDeadline: () => undefined };
      this.waiting.set(record.clientMessageId, waiting);
      waiting.cancelDeadline = this.host.env.timer(this.host.sendTimeoutMs, () => {
        const code = this.host.connection() ? NCCode.NO_ANSWER : NCCode.NOT_CONNECTED;
        void this.giveUp(waiting, { code, message: `not sent within ${this.host.sendTimeoutMs} ms` });
      });
      this.dispatch(waiting);
    });
  }

  /** There is a connection: sends what waits, in the order of the calls. */
  flush(): void {
    for (const waiting of this.waiting.values()) this.dispatch(waiting);
  }

  /** Forgets a message that is not on its way yet. */
  cancel(clientId: number): boolean {
    for (const waiting of this.waiting.values()) {
      if (waiting.record.clientId !== clientId || waiting.inFlight) continue;
      void this.giveUp(waiting, { code: NCCode.CANCELLED, message: 'cancelled' }, SentStatus.CANCELED);
      return true;
    }
    return false;
  }

  /** Whether this message waits here. */
  holds(clientMessageId: string): boolean {
    return this.waiting.has(clientMessageId);
  }

  /** The user has gone: everything that waits fails. */
  failAll(failure: Failure): void {
    for (const waiting of [...this.waiting.values()]) void this.giveUp(waiting, failure);
  }

  private dispatch(waiting: Waiting): void {
    const connection = this.host.connection();
    if (connection === undefined || connection.isOver || waiting.inFlight) return;
    waiting.inFlight = true;
    void this.attempt(waiting, connection).then((again) => {
      waiting.inFlight = false;
      // After a loss, `flush` tries again; on a living connection the server needs a moment.
      if (again && !connection.isOver) this.host.env.timer(RETRY_MS, () => this.dispatchIfWaiting(waiting));
      else if (again) this.dispatchIfWaiting(waiting);
    });
  }

  private dispatchIfWaiting(waiting: Waiting): void {
    if (this.waiting.get(waiting.record.clientMessageId) === waiting) this.dispatch(waiting);
  }

  /** One try; answers whether another is to follow. */
  private async attempt(waiting: Waiting, connection: Connection): Promise<boolean> {
    const { record } = waiting;
    try {
      const answer = await connection.request({
        case: 'sendMessage',
        value: {
          channel: channelOfKey(record.channel),
          clientMessageId: record.clientMessageId,
          type: record.type,
          content: record.content,
          transient: record.transient,
          uncounted: !record.counted,
          needsReceipt: record.needsReceipt,
          toUserIds: record.toUserIds ?? [],
          ...(record.push === undefined ? {} : { push: record.push }),
        },
      });
      if (answer.case !== 'messageSent') throw refused(NCCode.BAD_FRAME, 'the server did not answer as agreed');
      const { messageId, sentAt, seq } = answer.value;
      const sent = { ...record, key: messageId, messageId, sentAt: Number(sentAt), status: SentStatus.SENT };
      this.forget(waiting);
      // It is sent even if the device cannot note it.
      waiting.resolve(await this.host.acknowledged({ record: sent, seq: Number(seq) }).catch(() => sent));
      return false;
    } catch (error) {
      const failure = failureOf(error);
      if (connection.isOver || isTransient(failure)) return true;
      await this.giveUp(waiting, failure);
      return false;
    }
  }

  private forget(waiting: Waiting): void {
    waiting.cancelDeadline();
    this.waiting.delete(waiting.record.clientMessageId);
  }

  private async giveUp(waiting: Waiting, failure: Failure, status = SentStatus.FAILED): Promise<void> {
    if (!this.holds(waiting.record.clientMessageId)) return;
    this.forget(waiting);
    // The caller learns of the failure even if the device cannot note it.
    await this.host.failed({ ...waiting.record, status, failureCode: failure.code }).catch(() => undefined);
    waiting.reject(new Refused(failure));
  }
}

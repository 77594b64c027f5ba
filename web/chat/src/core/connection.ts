/**
 * One WebSocket to the server, from the login to its end: requests and their answers, pushed frames, heartbeat.
 *
 * @module
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { NCCode } from '../codes.js';
import type { ServerFrame, Welcome } from '../gen/nuncio/v1/frame_pb.js';
import { ClientFrameSchema, ServerFrameSchema } from '../gen/nuncio/v1/frame_pb.js';
import type { AnswerBody, Failure, RequestInit } from './api.js';
import type { Env, SocketLike } from './env.js';
import { failureFromWire, failureOfClose, Refused, refused } from './failure.js';

/** Requests on their way at once; the server takes no more. Later ones wait in line. */
const PIPELINE = 16;
/** Requests in line; more are refused, so that a page that runs wild does not eat the memory. */
const LINE = 2_000;
/** How long opening and login may take, in milliseconds. */
const LOGIN_MS = 15_000;
/** How long a heartbeat may stay unanswered, in milliseconds. */
const PONG_MS = 10_000;

/** What a connection is opened with. */
export interface LoginParams {
  url: string;
  appKey: string;
  token: string;
  deviceId: string;
  sdkVersion: string;
  requestTimeoutMs: number;
}

interface Pending {
  body: RequestInit;
  timeoutMs: number;
  resolve(body: AnswerBody): void;
  reject(error: Refused): void;
  cancelTimer(): void;
}

/** See the module. */
export class Connection {
  /** Settles when the connection has ended, with the reason. */
  readonly ended: Promise<Failure>;
  /** What the heartbeat reports as held. */
  cursor: () => number = () => 0;

  /** Frames pushed before somebody listens. */
  private early: AnswerBody[] = [];
  private onPush = (body: AnswerBody): void => {
    this.early.push(body);
  };
  private pending = new Map<bigint, Pending>();
  private line: Pending[] = [];
  private lastId = 0n;
  private over: Failure | undefined;
  private end!: (failure: Failure) => void;
  private cancelHeartbeat = (): void => undefined;
  private heartbeatMs = 30_000;

  private constructor(
    private readonly socket: SocketLike,
    private readonly env: Env,
    private readonly requestTimeoutMs: number,
  ) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Opens a socket and logs in. Rejects with {@link Refused} when either fails. */
  static async open(env: Env, params: LoginParams): Promise<{ connection: Connection; welcome: Welcome }> {
    const Socket = await env.socket();
    let socket: SocketLike;
    try {
      socket = new Socket(params.url);
    } catch (error) {
      throw refused(NCCode.CANNOT_OPEN, `${params.url}: ${error instanceof Error ? error.message : String(error)}`);
    }
    socket.binaryType = 'arraybuffer';
    const connection = new Connection(socket, env, params.requestTimeoutMs);
    return connection.login(params);
  }

  /** Hands over each pushed frame in order, beginning with those that have arrived since the login. */
  listen(onPush: (body: AnswerBody) => void): void {
    this.onPush = onPush;
    for (const body of this.early.splice(0)) onPush(body);
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.over !== undefined;
  }

  /** Sends a request and waits for its answer. Rejects with {@link Refused}. */
  request(body: RequestInit, timeoutMs = this.requestTimeoutMs): Promise<AnswerBody> {
    return new Promise((resolve, reject) => {
      if (this.over) return reject(new Refused(this.over));
      if (this.line.length >= LINE) return reject(refused(NCCode.NOT_CONNECTED, `${LINE} requests are waiting already`));
      this.line.push({ body, timeoutMs, resolve, reject, cancelTimer: () => undefined });
      this.sendLine();
    });
  }

  /** Closes the connection from this side. */
  close(failure: Failure = { code: NCCode.NOT_CONNECTED, message: 'disconnected' }): void {
    if (!this.over && this.cursor() > 0) this.say({ case: 'ping', value: { cursor: BigInt(this.cursor()) } });
    this.finish(failure);
    this.socket.close(1000);
  }

  private async login(params: LoginParams): Promise<{ connection: Connection; welcome: Welcome }> {
    let opened = false;
    const open = new Promise<void>((resolve) => {
      this.socket.onopen = () => {
        opened = true;
        resolve();
      };
    });
    this.socket.onerror = () => undefined; // A close event always follows, and says more.
    this.socket.onclose = ({ code, reason }) => {
      const lost = failureOfClose(code, reason);
      this.finish(opened ? lost : { code: NCCode.CANNOT_OPEN, message: `${params.url} could not be opened` });
    };
    this.socket.onmessage = ({ data }) => this.receive(data);
    const cancel = this.env.timer(LOGIN_MS, () =>
      this.close({ code: opened ? NCCode.LOGIN_TIMEOUT : NCCode.CANNOT_OPEN, message: `no answer in ${LOGIN_MS} ms` }),
    );
    try {
      await Promise.race([open, this.ended]);
      const { appKey, token, deviceId, sdkVersion } = params;
      const answer = await this.request({
        case: 'login',
        value: { appKey, token, deviceId, platform: this.env.platform, sdkVersion },
      });
      if (answer.case !== 'welcome') throw refused(NCCode.BAD_FRAME, 'the server did not answer the login as agreed');
      this.heartbeatMs = answer.value.heartbeatMs || this.heartbeatMs;
      this.beat();
      return { connection: this, welcome: answer.value };
    } catch (error) {
      // A refused login is followed by a close; the refusal says more.
      if (error instanceof Refused) this.close(error.failure);
      throw error;
    } finally {
      cancel();
    }
  }

  /** Sends a frame whose answer nobody waits for: what this device holds is not pushed to it. */
  private say(body: RequestInit): void {
    this.lastId += 1n;
    try {
      this.socket.send(toBinary(ClientFrameSchema, create(ClientFrameSchema, { id: this.lastId, body: body as never })));
    } catch {
      // It is not open any more.
    }
  }

  private sendLine(): void {
    while (this.pending.size < PIPELINE && !this.over) {
      const next = this.line.shift();
      if (next === undefined) return;
      this.lastId += 1n;
      const id = this.lastId;
      this.pending.set(id, next);
      next.cancelTimer = this.env.timer(next.timeoutMs, () => {
        this.pending.delete(id);
        next.reject(refused(NCCode.NO_ANSWER, `${next.body.case} was not answered in ${next.timeoutMs} ms`));
        this.sendLine();
      });
      const frame = create(ClientFrameSchema, { id, body: next.body as never });
      this.socket.send(toBinary(ClientFrameSchema, frame));
      if (next.body.case !== 'login') this.beat();
    }
  }

  private receive(data: unknown): void {
    let frame: ServerFrame;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('not a binary message');
      frame = fromBinary(ServerFrameSchema, new Uint8Array(data));
    } catch {
      // Reconnecting asks anew for everything, so a broken frame costs time and loses nothing.
      this.close({ code: NCCode.CONNECTION_LOST, message: 'the server sent a frame that cannot be read' });
      return;
    }
    if (frame.id !== 0n) return this.answer(frame);
    if (frame.body.case === 'closing') this.finish(failureFromWire(frame.body.value));
    else this.onPush(frame.body);
  }

  private answer({ id, body }: ServerFrame): void {
    const request = this.pending.get(id);
    if (request === undefined) return; // Answered after its time.
    this.pending.delete(id);
    request.cancelTimer();
    if (body.case === 'failure') request.reject(new Refused(failureFromWire(body.value)));
    else request.resolve(body);
    this.sendLine();
  }

  /** Asks for a sign of life once nothing was sent for the agreed time. */
  private beat(): void {
    this.cancelHeartbeat();
    this.cancelHeartbeat = this.env.timer(this.heartbeatMs, () => {
      this.request({ case: 'ping', value: { cursor: BigInt(this.cursor()) } }, PONG_MS).then(
        (pong) => this.onPush(pong),
        (error: unknown) => {
          const silent = error instanceof Refused && error.failure.code === NCCode.NO_ANSWER;
          if (silent) this.close({ code: NCCode.HEARTBEAT_LOST, message: 'the heartbeat was not answered' });
        },
      );
    });
  }

  private finish(failure: Failure): void {
    if (this.over) return;
    this.over = failure;
    this.cancelHeartbeat();
    const unanswered = [...this.pending.values(), ...this.line];
    this.pending.clear();
    this.line = [];
    for (const request of unanswered) {
      request.cancelTimer();
      request.reject(new Refused(failure));
    }
    this.end(failure);
  }
}

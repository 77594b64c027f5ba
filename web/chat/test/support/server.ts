/**
 * A server for tests: real WebSockets and frames, answers by script.
 *
 * @module
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { ClientFrame } from '../../src/gen/nuncio/v1/frame_pb.js';
import { ClientFrameSchema, ServerFrameSchema } from '../../src/gen/nuncio/v1/frame_pb.js';
import type { EntrySchema } from '../../src/gen/nuncio/v1/message_pb.js';

export type Answer = NonNullable<MessageInitShape<typeof ServerFrameSchema>['body']>;
export type Entry = MessageInitShape<typeof EntrySchema>;
type Request<C extends ClientFrame['body']['case']> = Extract<ClientFrame['body'], { case: C }>;
type Case = NonNullable<ClientFrame['body']['case']>;

/** How to answer each kind of request; `undefined` leaves it unanswered. */
export type Script = { [C in Case]?: (value: NonNullable<Request<C>['value']>, socket: Peer) => Answer | undefined };

/** One connection, seen from the server. */
export class Peer {
  /** User and device, once logged in. */
  device = '';

  constructor(
    readonly socket: WebSocket,
    readonly seen: ClientFrame[],
  ) {}

  send(id: bigint, body: Answer): void {
    this.socket.send(toBinary(ServerFrameSchema, create(ServerFrameSchema, { id, body })));
  }

  push(body: Answer): void {
    this.send(0n, body);
  }

  /** Says why, then closes. */
  end(code: number, failure: { code: number; message?: string; until?: bigint; reason?: string }): void {
    this.push({ case: 'closing', value: failure });
    this.socket.close(code);
  }
}

export class FakeServer {
  readonly frames: ClientFrame[] = [];
  readonly peers: Peer[] = [];
  head = 0;
  floor = 0;
  entries: Entry[] = [];
  script: Script = {};
  readonly url: string;

  private constructor(private readonly wss: WebSocketServer) {
    this.url = `http://127.0.0.1:${(wss.address() as AddressInfo).port}`;
  }

  static async start(port = 0): Promise<FakeServer> {
    const wss = new WebSocketServer({ port, host: '127.0.0.1', path: '/connect' });
    await new Promise((resolve) => wss.once('listening', resolve));
    const server = new FakeServer(wss);
    wss.on('connection', (socket) => server.accept(socket));
    return server;
  }

  get peer(): Peer {
    return this.peers[this.peers.length - 1] as Peer;
  }

  /** Adds to the inbox and pushes it to the newest connection. */
  append(body: NonNullable<Entry['body']>, push = true): number {
    this.head += 1;
    const entry: Entry = { seq: BigInt(this.head), at: BigInt(Date.now()), body };
    this.entries.push(entry);
    if (push) this.peer.push({ case: 'entry', value: entry });
    return this.head;
  }

  /** The requests of one kind so far. */
  asked<C extends Case>(kind: C): NonNullable<Request<C>['value']>[] {
    return this.frames.filter((frame) => frame.body.case === kind).map((frame) => frame.body.value as never);
  }

  async stop(): Promise<void> {
    for (const client of this.wss.clients) client.terminate();
    await new Promise((resolve) => this.wss.close(resolve));
  }

  private accept(socket: WebSocket): void {
    const peer = new Peer(socket, []);
    this.peers.push(peer);
    socket.on('message', (data: Buffer) => {
      const frame = fromBinary(ClientFrameSchema, new Uint8Array(data));
      this.frames.push(frame);
      peer.seen.push(frame);
      const { body } = frame;
      if (body.case === undefined) return;
      const scripted = this.script[body.case] as ((value: unknown, peer: Peer) => Answer | undefined) | undefined;
      const answer = scripted === undefined ? this.usual(frame) : scripted(body.value, peer);
      if (body.case === 'login' && answer?.case === 'welcome') this.replace(peer, `${answer.value.userId} ${body.value.deviceId}`);
      if (answer !== undefined) peer.send(frame.id, answer);
      if (body.case === 'login' && answer?.case === 'failure') socket.close(4003);
    });
  }

  /** A newer login of the same device takes the place of the older one, which is told before the newer is welcomed. */
  private replace(newer: Peer, device: string): void {
    newer.device = device;
    for (const peer of this.peers) {
      if (peer !== newer && peer.device === device && peer.socket.readyState === peer.socket.OPEN) {
        peer.end(4005, { code: 31010 });
      }
    }
  }

  private usual({ body }: ClientFrame): Answer {
    switch (body.case) {
      case 'login':
        return this.welcome(body.value.token.split(':')[0] as string);
      case 'ping':
        return { case: 'pong', value: { serverTime: BigInt(Date.now()), inboxHead: BigInt(this.head) } };
      case 'sync': {
        const after = Number(body.value.after);
        const entries = this.entries.filter((entry) => Number(entry.seq) > after).slice(0, body.value.limit || 100);
        return { case: 'syncPage', value: { entries, head: BigInt(this.head), floor: BigInt(this.floor) } };
      }
      case 'getChannels':
        return { case: 'channelStates', value: {} };
      case 'getChannelSettings':
        return { case: 'channelSettings', value: {} };
      case 'getHistory':
        return { case: 'history', value: {} };
      default:
        return { case: 'done', value: {} };
    }
  }

  /** Who a token belongs to is written before its colon. */
  welcome(userId: string): Answer {
    return {
      case: 'welcome',
      value: {
        userId,
        sessionId: 's',
        serverTime: BigInt(Date.now() - 60_000),
        inboxHead: BigInt(this.head),
        inboxFloor: BigInt(this.floor),
        heartbeatMs: 30_000,
        account: { userId },
        maxContentBytes: 131_072,
      },
    };
  }
}

/** A message for entries and histories. */
export function wireMessage(id: string, from: string, text: string, channel = from): Record<string, unknown> & { id: string } {
  return {
    id,
    channel: { type: 1, id: channel },
    senderId: from,
    type: 'RC:TxtMsg',
    content: JSON.stringify({ content: text }),
    sentAt: BigInt(1_700_000_000_000 + Number(id.replace(/\D/g, ''))),
    counted: true,
  };
}

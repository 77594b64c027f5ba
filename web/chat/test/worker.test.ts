import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, moment, until } from './support/sdk.js';

let server: FakeServer;
let tabs: Tab[];

interface Tab {
  sdk: Chat;
  heard: Heard;
}

/** The real worker module behind a stand-in for the browser's constructor, with real message ports. */
async function stubSharedWorker(): Promise<void> {
  vi.resetModules();
  await import('../src/worker.js');
  const { onconnect } = globalThis as unknown as { onconnect(event: { ports: MessagePort[] }): void };
  vi.stubGlobal('SharedWorker', class {
    port: MessagePort;
    constructor() {
      const { port1, port2 } = new MessageChannel();
      this.port = port1;
      onconnect({ ports: [port2] });
    }
  });
}

/** Locks that each tab holds until it is closed. */
function stubLocks(): void {
  const held = new Map<string, Promise<unknown>>();
  vi.stubGlobal('navigator', {
    locks: {
      async request(name: string, work: () => Promise<unknown>) {
        await held.get(name);
        const running = work();
        held.set(name, running);
        return running;
      },
    },
  });
}

async function openTab(token: string): Promise<Tab> {
  const sdk = await freshSdk();
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url, reconnect: { initialDelayMs: 20, maxDelayMs: 40 } });
  const tab = { sdk, heard: listen(sdk) };
  tabs.push(tab);
  expect(await sdk.NCEngine.connect({ token })).toMatchObject({ isOk: true, data: { userId: token.split(':')[0] } });
  await until(() => tab.heard.names.includes('offlineSynced'));
  return tab;
}

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  stubLocks();
  server = await FakeServer.start();
  tabs = [];
  await stubSharedWorker();
});

afterEach(async () => {
  for (const { sdk } of tabs) sdk.NCEngine.destroy();
  await moment(20);
  await server.stop();
  vi.unstubAllGlobals();
});

describe('tabs of one user', () => {
  it('share one connection, and each hears everything', async () => {
    const first = await openTab('alice:1');
    const second = await openTab('alice:1');
    expect(server.peers).toHaveLength(1);
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'both') });
    await until(() => first.heard.messages.length === 1 && second.heard.messages.length === 1);
    expect(first.heard.messages[0]!.clientId).toBe(second.heard.messages[0]!.clientId);
    expect(second.sdk.NCEngine.getCurrentUserId()).toBe('alice');
    expect(second.heard.names.slice(0, 3)).toEqual(['CONNECTED', 'channelsSynced', 'offlineSynced']);
  });

  it('with different tokens share one connection too', async () => {
    const first = await openTab('alice:1');
    const second = await openTab('alice:2');
    await moment();
    const open = server.peers.filter((peer) => peer.socket.readyState === peer.socket.OPEN);
    expect(open).toHaveLength(1);
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'both') });
    await until(() => first.heard.messages.length === 1 && second.heard.messages.length === 1);
    expect(first.heard.names).not.toContain('DISCONNECTED');
  });

  it('what one sends, pins and reads, the other hears of; itself does not', async () => {
    const first = await openTab('alice:1');
    const second = await openTab('alice:1');
    server.script.sendMessage = () => ({ case: 'messageSent', value: { messageId: 'm1', sentAt: 5n, seq: BigInt((server.head += 1)) } });
    const bob = new first.sdk.DirectChannel('bob');
    await bob.sendMessage(new first.sdk.SendTextMessageParams({ text: 'hi' }));
    await bob.pin();
    await bob.setNoDisturbLevel(first.sdk.ChannelNoDisturbLevel.MUTED);
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'yo') });
    await until(() => first.heard.messages.length === 1);
    await bob.clearUnreadCount();
    await until(() => second.heard.names.includes('unreadSync'));
    expect(second.heard.messages.map((message) => [message.direction, message.content.text])).toEqual([[1, 'hi'], [2, 'yo']]);
    expect(second.heard.events['pinnedSync']).toMatchObject([{ isPinned: true }]);
    expect(second.heard.events['levelSync']).toMatchObject([{ level: 5 }]);
    expect(first.heard.messages).toHaveLength(1);
    expect(['pinnedSync', 'levelSync', 'unreadSync'].some((name) => first.heard.names.includes(name))).toBe(false);
    expect((await new second.sdk.DirectChannel('bob').reload()).data).toMatchObject({ isPinned: true, unreadCount: 0 });
  });

  it('one logs out and the other stays; after the last one the connection closes', async () => {
    const first = await openTab('alice:1');
    const second = await openTab('alice:1');
    await first.sdk.NCEngine.disconnect();
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'still here') });
    await until(() => second.heard.messages.length === 1);
    expect(first.heard.messages).toEqual([]);
    await second.sdk.NCEngine.disconnect();
    await until(() => server.peer.socket.readyState === server.peer.socket.CLOSED);
  });

  it('refusals and answers cross the worker as they are', async () => {
    const { sdk } = await openTab('alice:1');
    server.script.updateMyProfile = () => ({ case: 'failure', value: { code: 24368, message: 'too big', keys: ['gender'] } });
    const refused = await sdk.NCEngine.userModule.updateMyUserProfile({ gender: 9 as never });
    expect(refused).toMatchObject({ isOk: false, code: 24368, msg: 'too big', data: { errorKeys: ['gender'] } });
    server.script.getFriends = () => ({ case: 'friends', value: { friends: [{ userId: 'bob', addedAt: 7n }] } });
    expect((await sdk.NCEngine.userModule.getFriends()).data).toMatchObject([{ userId: 'bob', addTime: 7 }]);
  });

  it('two users do not share anything', async () => {
    const alice = await openTab('alice:1');
    const carol = await openTab('carol:1');
    expect(server.peers.filter((peer) => peer.socket.readyState === peer.socket.OPEN)).toHaveLength(2);
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'for carol') });
    await until(() => carol.heard.messages.length === 1);
    expect(alice.heard.messages).toEqual([]);
  });
});

describe('without a worker that answers', () => {
  it('the page connects by itself', async () => {
    vi.stubGlobal('SharedWorker', class {
      port = { postMessage: () => undefined, onmessage: null };
      onerror: ((event: unknown) => void) | null = null;
      constructor() {
        setTimeout(() => this.onerror?.('not found'), 10);
      }
    });
    const tab = await openTab('alice:1');
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'alone') });
    await until(() => tab.heard.messages.length === 1);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from './support/server.js';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, moment, until } from './support/sdk.js';

const { stringify } = JSON;
let server: FakeServer;
let sdk: Chat;
let heard: Heard;

/** A reconnect policy that wastes no time. */
const quick = { initialDelayMs: 20, maxDelayMs: 40 };

function initialize(params: Partial<Parameters<Chat['NCEngine']['initialize']>[0]> = {}): void {
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url, reconnect: quick, ...params });
  heard = listen(sdk);
}

beforeEach(async () => {
  server = await FakeServer.start();
  sdk = await freshSdk();
  initialize();
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

const refuse = (code: number, more: object = {}): Answer => ({ case: 'failure', value: { code, message: `no: ${code}`, ...more } });
const text = (words: string): InstanceType<Chat['SendTextMessageParams']> => new sdk.SendTextMessageParams({ text: words });

describe('connecting', () => {
  it('tells CONNECTING, CONNECTED, then that everything is in sync, once', async () => {
    const result = await sdk.NCEngine.connect({ token: 'alice:1' });
    expect(result).toMatchObject({ isOk: true, code: 0, data: { userId: 'alice' } });
    await until(() => heard.names.includes('offlineSynced'));
    await moment();
    expect(heard.names).toEqual(['CONNECTING', 'CONNECTED', 'channelsSynced', 'offlineSynced']);
    expect(sdk.NCEngine.getConnectionStatus()).toBe(sdk.ConnectionStatus.CONNECTED);
    expect(server.asked('login')[0]).toMatchObject({ appKey: 'app', token: 'alice:1' });
  });

  it('knows the user and the clock inside the CONNECTED callback', async () => {
    let seen: unknown;
    sdk.NCEngine.addConnectionStatusHandler('second', new sdk.ConnectionStatusHandler({
      onConnectionStatusChanged({ status }) {
        if (status === sdk.ConnectionStatus.CONNECTED) seen = [sdk.NCEngine.getCurrentUserId(), sdk.NCEngine.getServerTimeDelta()];
      },
    }));
    await sdk.NCEngine.connect({ token: 'alice:1' });
    expect(seen).toEqual(['alice', expect.closeTo(60_000, -4)]);
    expect(sdk.NCEngine.getServerTimeDelta()).toBeGreaterThan(59_000);
  });

  it('refuses a second connect: 33006 while trying, 34001 while connected', async () => {
    server.script.login = () => undefined;
    const first = sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => server.frames.length === 1);
    expect((await sdk.NCEngine.connect({ token: 'alice:1' })).code).toBe(33006);
    server.peer.send(server.frames[0]!.id, server.welcome('alice'));
    expect((await first).isOk).toBe(true);
    expect((await sdk.NCEngine.connect({ token: 'alice:1' })).code).toBe(34001);
  });

  it('needs initialize, an app key, an address and a token', async () => {
    sdk.NCEngine.destroy();
    expect((await sdk.NCEngine.connect({ token: 'alice:1' })).code).toBe(33001);
    initialize({ appKey: '' });
    expect((await sdk.NCEngine.connect({ token: 'alice:1' })).code).toBe(33003);
    initialize({ naviServer: '' });
    expect((await sdk.NCEngine.connect({ token: 'alice:1' })).code).toBe(33003);
    initialize();
    expect((await sdk.NCEngine.connect({ token: '' })).code).toBe(31004);
  });

  it.each([
    [31004, {}],
    [31009, { until: 253402300799000n, reason: 'spam' }],
    [31029, {}],
    [31008, {}],
  ])('a login refused with %i stops at once', async (code, more) => {
    server.script.login = () => refuse(code, more);
    const result = await sdk.NCEngine.connect({ token: 'alice:1' });
    expect(result).toMatchObject({ isOk: false, code });
    await moment(150);
    expect(server.peers).toHaveLength(1);
    const last = heard.statuses[heard.statuses.length - 1];
    expect(last).toMatchObject({ status: sdk.ConnectionStatus.DISCONNECTED, code });
    if (code === 31009) expect(last).toMatchObject({ until: 253402300799000, reason: 'spam' });
  });

  it('gives up after its time limit with 34006, and stops', async () => {
    server.script.login = () => undefined;
    const result = await sdk.NCEngine.connect({ token: 'alice:1', timeout: 0.1 });
    expect(result.code).toBe(34006);
    expect(sdk.NCEngine.getConnectionStatus()).toBe(sdk.ConnectionStatus.DISCONNECTED);
  });

  it('tries the nodes in turn', async () => {
    const gone = await FakeServer.start();
    const dead = gone.url;
    await gone.stop();
    initialize({ naviServer: [dead, server.url] });
    expect((await sdk.NCEngine.connect({ token: 'alice:1' })).isOk).toBe(true);
    expect(heard.names.slice(0, 4)).toEqual(['CONNECTING', 'SUSPENDED', 'CONNECTING', 'CONNECTED']);
    expect(heard.statuses[1]!.code).toBe(30010);
  });
});

describe('staying connected', () => {
  beforeEach(async () => {
    await sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => heard.names.includes('offlineSynced'));
  });

  it.each([
    [4004, 31011, { until: 5n, reason: 'spam' }],
    [4005, 31010, {}],
    [4006, 31029, {}],
    [4003, 31004, {}],
  ])('close %i with %i stops', async (close, code, more) => {
    server.peer.end(close, { code, ...more });
    await until(() => heard.statuses.some((event) => event.status === sdk.ConnectionStatus.DISCONNECTED));
    await moment(100);
    expect(server.peers).toHaveLength(1);
    expect(heard.statuses[heard.statuses.length - 1]!.code).toBe(code);
  });

  it('the closing frame says more than the close code', async () => {
    server.peer.end(4001, { code: 31011, reason: 'spam' });
    await until(() => heard.statuses.some((event) => event.code === 31011));
    expect(sdk.NCEngine.getConnectionStatus()).toBe(sdk.ConnectionStatus.DISCONNECTED);
  });

  it('comes back by itself after a loss, and goes on where it was', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    await until(() => heard.messages.length === 1);
    server.peer.socket.terminate();
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'two') }, false);
    await until(() => heard.messages.length === 2);
    expect(server.asked('sync')[0]!.after).toBe(1n);
    expect(heard.names).toEqual([
      'CONNECTING', 'CONNECTED', 'channelsSynced', 'offlineSynced', 'messages',
      'SUSPENDED', 'CONNECTING', 'CONNECTED', 'messages', 'channelsSynced', 'offlineSynced',
    ]);
    expect(heard.statuses[2]!.code).toBe(30011);
  });

  it('keeps the device id for all its logins', async () => {
    server.peer.socket.terminate();
    await until(() => server.asked('login').length === 2);
    const [first, second] = server.asked('login');
    expect(first!.deviceId).toBe(second!.deviceId);
    expect(first!.deviceId.length).toBeGreaterThan(10);
  });

  it('an expired token without a provider stops with 31020, and connect with a new one resumes', async () => {
    server.peer.end(4002, { code: 31020 });
    await until(() => heard.statuses.some((event) => event.code === 31020));
    expect(sdk.NCEngine.getConnectionStatus()).toBe(sdk.ConnectionStatus.DISCONNECTED);
    const waiting = new sdk.DirectChannel('bob').sendMessage(text('kept'));
    server.script.sendMessage = () => ({ case: 'messageSent', value: { messageId: 'm9', sentAt: 9n, seq: 0n } });
    expect((await sdk.NCEngine.connect({ token: 'alice:2' })).isOk).toBe(true);
    expect(await waiting).toMatchObject({ isOk: true, data: { messageId: 'm9' } });
    expect(server.asked('login')[1]!.token).toBe('alice:2');
  });

  it('disconnect says so and does not come back', async () => {
    expect((await sdk.NCEngine.disconnect()).isOk).toBe(true);
    await moment(100);
    expect(server.peers).toHaveLength(1);
    expect(server.peer.socket.readyState).toBe(server.peer.socket.CLOSED);
    expect(heard.names[heard.names.length - 1]).toBe('DISCONNECTED');
    expect(sdk.NCEngine.getCurrentUserId()).toBe('');
    expect((await sdk.NCEngine.userModule.getBlocklist()).code).toBe(30002);
    expect((await sdk.NCEngine.connect({ token: 'bob:1' })).data?.userId).toBe('bob');
  });

  it('another user’s token is refused while this user is logged in', async () => {
    server.peer.end(4002, { code: 31020 });
    await until(() => heard.statuses.some((event) => event.code === 31020));
    expect((await sdk.NCEngine.connect({ token: 'mallory:1' })).code).toBe(31004);
  });
});

describe('a token provider', () => {
  it('is asked when the token has expired, and the user notices nothing', async () => {
    let asked = 0;
    initialize({ tokenProvider: async () => `alice:new${++asked}` });
    server.script.login = ({ token }) => (token === 'alice:old' ? refuse(31020) : server.welcome('alice'));
    expect((await sdk.NCEngine.connect({ token: 'alice:old' })).isOk).toBe(true);
    expect(asked).toBe(1);
    expect(heard.names).not.toContain('DISCONNECTED');
  });

  it('that keeps answering expired tokens is asked a few times only', async () => {
    let asked = 0;
    initialize({ tokenProvider: async () => `alice:${++asked}` });
    server.script.login = () => refuse(31020);
    expect((await sdk.NCEngine.connect({ token: 'alice:old' })).code).toBe(31020);
    expect(asked).toBeLessThanOrEqual(3);
  });
});

describe('the heartbeat', () => {
  it('tells of entries whose push was lost, and ends a silent connection', async () => {
    server.script.login = () => {
      const welcome = server.welcome('alice');
      return { ...welcome, value: { ...(welcome.value as object), heartbeatMs: 50 } } as Answer;
    };
    await sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => heard.names.includes('offlineSynced'));
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'unpushed') }, false);
    await until(() => heard.messages.length === 1);
    expect(server.asked('ping').some((ping) => ping.cursor === 1n) || server.asked('ping').length > 0).toBe(true);
  });
});

describe('frames that nobody expects', () => {
  it('text instead of binary ends the connection, and the next one works', async () => {
    await sdk.NCEngine.connect({ token: 'alice:1' });
    server.peer.socket.send('hello');
    await until(() => server.peers.length === 2 && heard.names.filter((name) => name === 'CONNECTED').length === 2);
  });

  it('entries of a newer server are stepped over', async () => {
    await sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => heard.names.includes('offlineSynced'));
    server.head += 1;
    server.peer.push({ case: 'entry', value: { seq: 1n } });
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'after') });
    await until(() => heard.messages.length === 1);
    expect(server.asked('sync')).toEqual([]);
  });

  it('a handler that throws harms no other', async () => {
    sdk.NCEngine.setLogLevel(4 as never);
    sdk.NCEngine.addMessageHandler('0', new sdk.MessageHandler({
      onMessageReceived() {
        throw new Error('oops');
      },
    }));
    await sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => heard.names.includes('offlineSynced'));
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'still') });
    await until(() => heard.messages.length === 1);
    expect(stringify(heard.messages[0]!.content)).toBe('{"text":"still"}');
  });
});

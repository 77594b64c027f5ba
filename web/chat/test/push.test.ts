import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, until } from './support/sdk.js';

let server: FakeServer;
let sdk: Chat;
let heard: Heard;

beforeEach(async () => {
  server = await FakeServer.start();
  sdk = await freshSdk();
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url, reconnect: { initialDelayMs: 20, maxDelayMs: 40 } });
  heard = listen(sdk);
  await sdk.NCEngine.connect({ token: 'alice:1' });
  await until(() => heard.names.includes('offlineSynced'));
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

describe('what is pushed to a user', () => {
  it('is kept quiet for a time of the day, on the server', async () => {
    let kept: object | undefined;
    server.script.setPushSettings = ({ quietHours }) => {
      kept = quietHours && quietHours.minutes > 0 ? quietHours : undefined;
      return { case: 'done', value: {} };
    };
    server.script.getPushSettings = () => ({ case: 'pushSettings', value: kept === undefined ? {} : { quietHours: kept } });
    const time = { startTime: '22:05:09', spanMinutes: 480, level: sdk.NoDisturbTimeLevel.MUTED, timezone: 'Europe/Berlin' };
    expect((await sdk.NCEngine.setNoDisturbTime(time)).isOk).toBe(true);
    expect(server.asked('setPushSettings')).toMatchObject([{ quietHours: { start: 79_509, minutes: 480, level: 5, timezone: 'Europe/Berlin' } }]);
    expect((await sdk.NCEngine.getNoDisturbTime()).data).toEqual(time);
    await sdk.NCEngine.removeNoDisturbTime();
    expect(await sdk.NCEngine.getNoDisturbTime()).toMatchObject({ isOk: true, data: undefined });
    expect((await sdk.NCEngine.setNoDisturbTime({ ...time, startTime: '25:00' })).code).toBe(33003);
  });

  it('is said by the message, each time it is tried', async () => {
    const params = new sdk.SendTextMessageParams({ text: 'hi' });
    params.pushConfig = { pushTitle: 'News', pushContent: 'Something', pushData: 'x', disablePushTitle: true, forceShowDetailContent: true, templateId: 't7' };
    server.script.sendMessage = (_, peer) => {
      server.script.sendMessage = () => ({ case: 'messageSent', value: { messageId: 'm1', sentAt: BigInt(Date.now()), seq: 0n } });
      peer.socket.terminate();
      return undefined;
    };
    expect((await new sdk.DirectChannel('bob').sendMessage(params)).isOk).toBe(true);
    const push = { title: 'News', content: 'Something', data: 'x', noTitle: true, forceContent: true, disabled: false, ext: '{"templateId":"t7"}' };
    expect(server.asked('sendMessage')).toMatchObject([{ push }, { push }]);
    server.script.sendMessage = () => ({ case: 'messageSent', value: { messageId: 'm2', sentAt: BigInt(Date.now()), seq: 0n } });
    await new sdk.DirectChannel('bob').sendMessage(new sdk.SendTextMessageParams({ text: 'plain' }));
    expect(server.asked('sendMessage')[2]!.push).toBeUndefined();
  });

  it('is not what this device holds: it says so before it goes', async () => {
    const seq = server.append({ case: 'message', value: wireMessage('m1', 'bob', 'hi') });
    await until(() => heard.messages.length === 1);
    const before = server.asked('ping').length;
    sdk.NCEngine.destroy();
    await until(() => server.asked('ping').length > before);
    expect(server.asked('ping').at(-1)).toMatchObject({ cursor: BigInt(seq) });
    expect(server.asked('logout')).toHaveLength(0);
  });

  it('ends with the logout, and nowhere does a browser without push pretend', async () => {
    expect(await sdk.NCEngine.getPushState()).toMatchObject({ isOk: true, data: 'unsupported' });
    expect((await sdk.NCEngine.enablePush()).code).toBe(sdk.NCCode.NOT_AVAILABLE);
    await sdk.NCEngine.disconnect();
    expect(server.asked('logout')).toHaveLength(1);
  });
});

describe('a message that the history had before its entry came', () => {
  it('is told once, and counted once', async () => {
    const message = wireMessage('m1', 'bob', 'early');
    server.script.getHistory = () => ({ case: 'history', value: { messages: [message] } });
    const bob = new sdk.DirectChannel('bob');
    await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage();
    server.append({ case: 'message', value: message });
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'late') });
    await until(() => heard.messages.length >= 2);
    expect(heard.messages.map(({ messageId }) => messageId)).toEqual(['m1', 'm2']);
    expect((await bob.reload()).data).toMatchObject({ unreadCount: 2 });
  });
});

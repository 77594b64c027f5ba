import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, until } from './support/sdk.js';

let server: FakeServer;
let sdk: Chat;
let heard: Heard;
const channel = (id: string): { type: number; id: string } => ({ type: 1, id });
const list = async (): Promise<[id: string, pinned: boolean, level: number][]> => {
  const page = await sdk.BaseChannel.createChannelsQuery({ pageSize: 30 }).loadNextPage();
  return page.data!.data.map((one) => [one.channelId, one.isPinned, one.noDisturbLevel]);
};

async function start(): Promise<void> {
  sdk = await freshSdk();
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url, reconnect: { initialDelayMs: 20, maxDelayMs: 40 } });
  heard = listen(sdk);
  await sdk.NCEngine.connect({ token: 'alice:1' });
  await until(() => heard.names.includes('offlineSynced'));
}

beforeEach(async () => {
  server = await FakeServer.start();
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

describe('what a user sets for channels', () => {
  it('goes to the server, and fails without it', async () => {
    await start();
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'hi') });
    await until(() => heard.messages.length === 1);
    const bob = new sdk.DirectChannel('bob');
    await bob.pin();
    await bob.setNoDisturbLevel(sdk.ChannelNoDisturbLevel.ALL_MESSAGE);
    await bob.delete();
    expect(server.asked('setChannelSettings')).toMatchObject([{ channel: channel('bob'), pinned: true }, { level: -1 }, { removedMessageId: 'm1' }]);
    expect(await list()).toEqual([]);
    server.script.setChannelSettings = () => ({ case: 'failure', value: { code: 40323 } });
    expect((await bob.pin()).code).toBe(40323);
    await server.stop();
    await until(() => sdk.NCEngine.getConnectionStatus() === sdk.ConnectionStatus.SUSPENDED);
    expect((await bob.pin()).code).toBe(30002);
    expect(bob.isPinned).toBe(true);
    expect((await bob.saveDraft('later')).isOk).toBe(true);
  });

  it('on another device is taken over and told, once', async () => {
    await start();
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'hi') });
    server.append({ case: 'channelSettings', value: { channel: channel('bob'), pinned: true, level: 5 } });
    server.append({ case: 'channelSettings', value: { channel: channel('carol'), pinned: true } });
    server.append({ case: 'channelSettings', value: { channel: channel('bob'), pinned: true, level: 5 } });
    await until(() => heard.events['pinnedSync']?.length === 2);
    expect(await list()).toEqual(expect.arrayContaining([['bob', true, 5], ['carol', true, 0]]));
    server.append({ case: 'channelSettings', value: { channel: channel('carol') } });
    server.append({ case: 'channelSettings', value: { channel: channel('bob'), removedMessageId: 'm1' } });
    await until(() => heard.events['pinnedSync']?.length === 4);
    expect(heard.events['levelSync']).toMatchObject([{ level: 5 }, { level: 0 }]);
    expect((await list()).map(([id]) => id)).toEqual(['carol']);
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'back') });
    await until(() => heard.messages.length === 2);
    expect((await list()).map(([id]) => id).sort()).toEqual(['bob', 'carol']);
  });

  it('is read page by page on a device that knows nothing', async () => {
    server.script.getChannels = () => ({
      case: 'channelStates',
      value: { channels: [{ channel: channel('bob'), updatedAt: 5n, latestMessage: wireMessage('m1', 'bob', 'hi') }, { channel: channel('dave'), updatedAt: 4n, latestMessage: wireMessage('m2', 'dave', 'ho') }] },
    });
    server.script.getChannelSettings = ({ after }) => ({
      case: 'channelSettings',
      value: after === undefined
        ? { settings: [{ channel: channel('bob'), pinned: true, level: 5 }], hasMore: true }
        : { settings: [{ channel: channel('carol'), level: 1 }, { channel: channel('dave'), removedMessageId: 'm2' }] },
    });
    await start();
    expect(await list()).toEqual([['bob', true, 5]]);
    expect(server.asked('getChannelSettings')).toMatchObject([{}, { after: channel('bob') }]);
    expect((await new sdk.DirectChannel('carol').reload()).data!.noDisturbLevel).toBe(1);
  });
});

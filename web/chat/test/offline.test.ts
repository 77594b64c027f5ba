import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from './support/server.js';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, moment, until } from './support/sdk.js';

let server: FakeServer;
let page: { sdk: Chat; heard: Heard };

/** A page load: a new copy of the SDK on the same device, in a tab of its own. */
async function load(): Promise<{ sdk: Chat; heard: Heard }> {
  const session = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => session.get(name) ?? null,
    setItem: (name: string, value: string) => session.set(name, value),
  });
  const sdk = await freshSdk();
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url, reconnect: { initialDelayMs: 20, maxDelayMs: 40 } });
  return { sdk, heard: listen(sdk) };
}

const list = async (sdk: Chat): Promise<unknown[]> =>
  (await sdk.BaseChannel.createChannelsQuery({ pageSize: 30 }).loadNextPage()).data!.data.map((channel) => [
    channel.channelId,
    channel.unreadCount,
    channel.latestMessage?.content.text,
  ]);

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  server = await FakeServer.start();
  page = await load();
  await page.sdk.NCEngine.connect({ token: 'alice:1' });
  await until(() => page.heard.names.includes('offlineSynced'));
});

afterEach(async () => {
  page.sdk.NCEngine.destroy();
  await server.stop();
  vi.unstubAllGlobals();
});

describe('a new device', () => {
  it('that loses its first connection before it has read the channels is told what came since', async () => {
    page.sdk.NCEngine.destroy();
    vi.stubGlobal('indexedDB', new IDBFactory());
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'before the login') }, false);
    server.script.getChannels = () => undefined;
    page = await load();
    await page.sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => server.asked('getChannels').length > 1);
    server.peer.socket.terminate();
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'while away') }, false);
    delete server.script.getChannels;
    await until(() => page.heard.messages.length === 1);
    expect(page.heard.messages.map((message) => message.content.text)).toEqual(['while away']);
  });
});

describe('after a reload', () => {
  it('the list is there before the server answers', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'hello') });
    await until(() => page.heard.messages.length === 1);
    page.sdk.NCEngine.destroy();
    server.script.login = () => undefined;
    page = await load();
    void page.sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => page.heard.names.includes('CONNECTING'));
    expect(await list(page.sdk)).toEqual([['bob', 1, 'hello']]);
    const history = await page.sdk.BaseChannel.createMessagesQuery({ channelIdentifier: new page.sdk.DirectChannel('bob').identifier }).loadNextPage();
    expect(history.data!.data.map((message) => message.content.text)).toEqual(['hello']);
  });

  it('a token not seen before shows nobody’s list, unless the program says whose it is', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'private') });
    await until(() => page.heard.messages.length === 1);
    page.sdk.NCEngine.destroy();
    server.script.login = () => undefined;
    page = await load();
    void page.sdk.NCEngine.connect({ token: 'mallory:1' });
    await until(() => page.heard.names.includes('CONNECTING'));
    expect((await page.sdk.BaseChannel.createChannelsQuery({}).loadNextPage()).isOk).toBe(false);
    page.sdk.NCEngine.destroy();
    page = await load();
    void page.sdk.NCEngine.connect({ token: 'alice:fresh', userId: 'alice' });
    await until(() => page.heard.names.includes('CONNECTING'));
    expect(await list(page.sdk)).toEqual([['bob', 1, 'private']]);
  });

  it('only what was missed is fetched', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    await until(() => page.heard.messages.length === 1);
    page.sdk.NCEngine.destroy();
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'two') }, false);
    const before = server.asked('getChannels').length;
    page = await load();
    await page.sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => page.heard.names.includes('offlineSynced'));
    expect(page.heard.messages.map((message) => message.content.text)).toEqual(['two']);
    expect(server.asked('sync')).toMatchObject([{ after: 1n }]);
    expect(server.asked('getChannels')).toHaveLength(before);
    expect(await list(page.sdk)).toEqual([['bob', 2, 'two']]);
  });

  it('messages that were on their way are sent again under the same id', async () => {
    server.script.sendMessage = () => undefined;
    void new page.sdk.DirectChannel('bob').sendMessage(new page.sdk.SendTextMessageParams({ text: 'pending' }));
    await until(() => server.asked('sendMessage').length === 1);
    // The page dies without a word: nothing of it may write to the store any more.
    server.script.login = () => undefined;
    for (const peer of server.peers) peer.socket.terminate();
    const sentAck: Answer = { case: 'messageSent', value: { messageId: 'm1', sentAt: BigInt(Date.now()), seq: 0n } };
    server.script.sendMessage = () => sentAck;
    const dead = page;
    page = await load();
    delete server.script.login;
    await page.sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => page.heard.messages.length === 1);
    expect(page.heard.messages[0]).toMatchObject({ messageId: 'm1', content: { text: 'pending' } });
    const tries = server.asked('sendMessage');
    expect(new Set(tries.map((value) => value.clientMessageId)).size).toBe(1);
    dead.sdk.NCEngine.destroy();
  });

  it('drafts and pins are still there', async () => {
    const bob = new page.sdk.DirectChannel('bob');
    await bob.saveDraft('unfinished');
    await bob.pin();
    page.sdk.NCEngine.destroy();
    page = await load();
    await page.sdk.NCEngine.connect({ token: 'alice:1' });
    expect((await new page.sdk.DirectChannel('bob').reload()).data).toMatchObject({ draft: 'unfinished', isPinned: true });
  });

  it('profiles seen before are known without a connection', async () => {
    server.script.getProfiles = () => ({ case: 'profiles', value: { profiles: [{ userId: 'bob', basic: '{"name":"Bob"}' }] } });
    expect((await page.sdk.NCEngine.userModule.getUserProfiles(['bob'])).data).toMatchObject([{ userId: 'bob', name: 'Bob' }]);
    await server.stop();
    await until(() => page.heard.names.includes('SUSPENDED'));
    expect((await page.sdk.NCEngine.userModule.getUserProfiles(['bob', 'eve'])).data).toMatchObject([{ userId: 'bob', name: 'Bob' }]);
  });
});

describe('two pages of one device that cannot share a worker', () => {
  it('both hear every message, and it is counted once', async () => {
    const first = page;
    page = await load();
    await page.sdk.NCEngine.connect({ token: 'alice:1' });
    await until(() => page.heard.names.includes('offlineSynced'));
    const seq = server.append({ case: 'message', value: wireMessage('m1', 'bob', 'both') });
    server.peers[0]!.push({ case: 'entry', value: server.entries[seq - 1]! });
    await until(() => page.heard.messages.length === 1 && first.heard.messages.length === 1);
    await moment();
    expect(first.heard.messages[0]!.clientId).toBe(page.heard.messages[0]!.clientId);
    expect(await list(page.sdk)).toEqual([['bob', 1, 'both']]);
    first.sdk.NCEngine.destroy();
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, until } from './support/sdk.js';

let server: FakeServer;
let sdk: Chat;
let heard: Heard;
let bob: InstanceType<Chat['DirectChannel']>;

/** Twelve messages, m01 to m12, that the server answers page by page. */
const kept = Array.from({ length: 12 }, (_, index) => wireMessage(`m${String(index + 1).padStart(2, '0')}`, 'bob', `text ${index + 1}`));

beforeEach(async () => {
  server = await FakeServer.start();
  server.script.getHistory = ({ fromMessageId, fromTime, ascending, limit }) => {
    const ordered = ascending ? kept : [...kept].reverse();
    const after = ordered.filter((message) => {
      if (fromMessageId !== '') return ascending ? message.id > fromMessageId : message.id < fromMessageId;
      if (fromTime === 0n) return true;
      const sentAt = message['sentAt'] as bigint;
      return ascending ? sentAt > fromTime : sentAt < fromTime;
    });
    return { case: 'history', value: { messages: after.slice(0, limit), hasMore: after.length > limit } };
  };
  server.script.getChannels = ({ before, channels }) => {
    if (channels.length > 0 || before > 0n) return { case: 'channelStates', value: {} };
    const state = (id: string, updatedAt: bigint, unreadCount: number): object => ({
      channel: { type: 1, id },
      latestMessage: id === 'bob' ? kept[11] : wireMessage('k1', id, `hi from ${id}`),
      unreadCount,
      updatedAt,
    });
    return {
      case: 'channelStates',
      value: { channels: [state('bob', 1_700_000_000_012n, 2), state('carol', 1_700_000_000_001n, 1)], totalUnreadCount: 3 },
    };
  };
  sdk = await freshSdk();
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url, reconnect: { initialDelayMs: 20, maxDelayMs: 40 } });
  heard = listen(sdk);
  bob = new sdk.DirectChannel('bob');
  await sdk.NCEngine.connect({ token: 'alice:1' });
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

const ids = (messages: { messageId: string }[]): string[] => messages.map((message) => message.messageId);

describe('history', () => {
  it('comes newest first, page by page, to the end', async () => {
    const query = sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier, pageSize: 5, isAscending: false });
    const pages: string[][] = [];
    do pages.push(ids((await query.loadNextPage()).data!.data));
    while (query.hasNext);
    expect(pages).toEqual([
      ['m12', 'm11', 'm10', 'm09', 'm08'],
      ['m07', 'm06', 'm05', 'm04', 'm03'],
      ['m02', 'm01'],
    ]);
    expect((await query.loadNextPage()).data!.data).toEqual([]);
  });

  it('comes oldest first when ascending', async () => {
    const query = sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier, pageSize: 7, isAscending: true });
    expect(ids((await query.loadNextPage()).data!.data)).toEqual(['m01', 'm02', 'm03', 'm04', 'm05', 'm06', 'm07']);
    expect(ids((await query.loadNextPage()).data!.data)).toEqual(['m08', 'm09', 'm10', 'm11', 'm12']);
  });

  it('begins where it is told to', async () => {
    const startTime = Number(kept[5]!['sentAt']);
    const before = sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier, startTime, pageSize: 2 });
    expect(ids((await before.loadNextPage()).data!.data)).toEqual(['m05', 'm04']);
    const around = await bob.getMessagesAroundTime({ sentTime: startTime, beforeCount: 2, afterCount: 2 });
    expect(ids(around.data!)).toEqual(['m05', 'm06', 'm07', 'm08']);
  });

  it('answers 33103 while a page is loading', async () => {
    const query = sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier });
    const [first, second] = await Promise.all([query.loadNextPage(), query.loadNextPage()]);
    expect([first.code, second.code]).toEqual([0, 33103]);
  });

  it('is what the device has when there is no connection, in the same pages', async () => {
    await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier, pageSize: 100 }).loadNextPage();
    await server.stop();
    await until(() => heard.names.includes('SUSPENDED'));
    const query = sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier, pageSize: 8 });
    expect(ids((await query.loadNextPage()).data!.data)).toEqual(['m12', 'm11', 'm10', 'm09', 'm08', 'm07', 'm06', 'm05']);
    expect(query.hasNext).toBe(true);
    expect(ids((await query.loadNextPage()).data!.data)).toEqual(['m04', 'm03', 'm02', 'm01']);
    expect(query.hasNext).toBe(false);
  });

  it('keeps a message’s number across pages, events and reloads', async () => {
    const load = async (): Promise<number[]> => {
      const page = await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage();
      return page.data!.data.map((message) => message.clientId);
    };
    const numbers = await load();
    expect(new Set(numbers).size).toBe(12);
    expect(await load()).toEqual(numbers);
  });

  it('leaves out what the user deleted, and shows what was inserted', async () => {
    const page = (await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage()).data!.data;
    await bob.deleteMessagesForMe(page.filter((message) => message.messageId === 'm11'));
    await bob.deleteMessagesForMeByTimestamp({ timestamp: Number(kept[2]!['sentAt']) });
    const note = sdk.Helper.createMessage(bob.identifier, new sdk.SendMessageParams({ message: 'note' }, sdk.MessageType.INFORMATION_NOTIFICATION));
    note.sentTime = Number(kept[7]!['sentAt']) + 0.5;
    await bob.insertMessages([note]);
    const after = (await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage()).data!.data;
    expect(after.map((message) => message.messageId || message.content.message)).toEqual([
      'm12', 'm10', 'm09', 'note', 'm08', 'm07', 'm06', 'm05', 'm04',
    ]);
    await bob.deleteMessagesForMe([note]);
    const last = (await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage()).data!.data;
    expect(ids(last)).not.toContain('');
  });

  it('of channels that the server does not have answers a clear code', async () => {
    const room = new sdk.OpenChannel('o').identifier;
    expect((await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: room }).loadNextPage()).code).toBe(sdk.NCCode.NOT_AVAILABLE);
  });
});

describe('the channel list', () => {
  it('is there after the first connect, newest first, as real channels', async () => {
    const query = sdk.BaseChannel.createChannelsQuery({ pageSize: 30, startTime: 0 });
    const { data } = (await query.loadNextPage()).data!;
    expect(data.map((channel) => [channel.channelId, channel.unreadCount, channel.latestMessage?.content.text])).toEqual([
      ['bob', 2, 'text 12'],
      ['carol', 1, 'hi from carol'],
    ]);
    expect(data[0]).toBeInstanceOf(sdk.DirectChannel);
    expect(data[0]!.identifier).toBeInstanceOf(sdk.ChannelIdentifier);
    expect(query.hasNext).toBe(false);
    expect((await sdk.BaseChannel.getTotalUnreadCount()).data).toBe(3);
  });

  it('comes in pages', async () => {
    const query = sdk.BaseChannel.createChannelsQuery({ pageSize: 1 });
    expect((await query.loadNextPage()).data!.data.map((channel) => channel.channelId)).toEqual(['bob']);
    expect(query.hasNext).toBe(true);
    expect((await query.loadNextPage()).data!.data.map((channel) => channel.channelId)).toEqual(['carol']);
  });

  it('counts an entry once that was in the channels’ states already', async () => {
    await until(() => heard.names.includes('offlineSynced'));
    server.append({ case: 'message', value: wireMessage('m13', 'bob', 'new') });
    await until(() => heard.messages.length === 1);
    expect((await bob.getUnreadCount()).data).toBe(3);
  });

  it('keeps drafts, pins and levels on this device', async () => {
    expect((await bob.saveDraft('half a sen')).isOk).toBe(true);
    expect((await bob.pin()).isOk).toBe(true);
    expect((await bob.setNoDisturbLevel(sdk.ChannelNoDisturbLevel.MUTED)).isOk).toBe(true);
    expect((await bob.reload()).data).toMatchObject({ draft: 'half a sen', isPinned: true, noDisturbLevel: 5 });
    expect((await sdk.BaseChannel.getPinnedChannels()).data!.map((channel) => channel.channelId)).toEqual(['bob']);
    const muted = { channelTypes: [sdk.ChannelType.DIRECT], levels: [sdk.ChannelNoDisturbLevel.MUTED] };
    expect((await sdk.BaseChannel.getChannelsUnreadCountByNoDisturbLevel(muted)).data).toBe(2);
    await bob.clearDraft();
    await bob.unpin();
    expect((await bob.reload()).data).toMatchObject({ draft: '', isPinned: false });
  });

  it('the level of a type of channels is kept by the server', async () => {
    const levels: { type: number; level: number }[] = [];
    server.script.setChannelTypeLevel = ({ type, level }) => {
      levels.push({ type, level });
      return { case: 'done', value: {} };
    };
    server.script.getChannelTypeLevels = () => ({ case: 'channelTypeLevels', value: { levels } });
    const { DIRECT, GROUP } = sdk.ChannelType;
    const level = { channelType: GROUP, level: sdk.ChannelNoDisturbLevel.MENTION };
    expect((await sdk.BaseChannel.setChannelTypeNoDisturbLevel(level)).isOk).toBe(true);
    expect(levels).toEqual([{ type: 3, level: 1 }]);
    expect((await sdk.BaseChannel.getChannelTypeNoDisturbLevel(GROUP)).data).toBe(1);
    expect((await sdk.BaseChannel.getChannelTypeNoDisturbLevel(DIRECT)).data).toBe(0);
  });

  it('a deleted channel stays away until the next message', async () => {
    await bob.delete();
    const list = async (): Promise<string[]> =>
      (await sdk.BaseChannel.createChannelsQuery({}).loadNextPage()).data!.data.map((channel) => channel.channelId);
    expect(await list()).toEqual(['carol']);
    await until(() => heard.names.includes('offlineSynced'));
    server.append({ case: 'message', value: wireMessage('m13', 'bob', 'back') });
    await until(() => heard.messages.length === 1);
    expect(await list()).toEqual(['bob', 'carol']);
  });

  it('is read anew when what was missed is gone', async () => {
    await until(() => heard.names.includes('offlineSynced'));
    server.head = 50;
    server.floor = 40;
    server.peer.socket.terminate();
    await until(() => heard.names.filter((name) => name === 'offlineSynced').length === 2);
    expect(server.asked('getChannels')).toHaveLength(2);
    server.append({ case: 'message', value: wireMessage('m13', 'bob', 'new') });
    await until(() => heard.messages.length === 1);
    expect(server.asked('sync')).toEqual([]);
  });

  it('search finds messages and channels by their texts', async () => {
    await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage();
    const query = sdk.BaseChannel.createSearchMessagesQuery({ channelIdentifier: bob.identifier, keyword: 'TEXT 1', pageSize: 3 });
    expect(ids((await query.loadNextPage()).data!.data)).toEqual(['m12', 'm11', 'm10']);
    expect(ids((await query.loadNextPage()).data!.data)).toEqual(['m01']);
    const channels = await sdk.BaseChannel.searchChannels({ keyword: 'hi from' });
    expect(channels.data!.map((found) => [found.channel.channelId, found.matchCount])).toEqual([['carol', 1]]);
    expect((await sdk.BaseChannel.getMessageById({ messageId: 'm05' })).data!.content.text).toBe('text 5');
  });
});

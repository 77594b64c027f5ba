import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from './support/server.js';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, moment, until } from './support/sdk.js';

let server: FakeServer;
let sdk: Chat;
let heard: Heard;
let bob: InstanceType<Chat['DirectChannel']>;

const sent = (messageId: string, seq: number): Answer => ({
  case: 'messageSent',
  value: { messageId, sentAt: 1_700_000_000_500n, seq: BigInt(seq) },
});
const text = (words: string): InstanceType<Chat['SendTextMessageParams']> => new sdk.SendTextMessageParams({ text: words });

async function start(params: object = {}): Promise<void> {
  sdk.NCEngine.initialize({
    appKey: 'app',
    naviServer: server.url,
    reconnect: { initialDelayMs: 20, maxDelayMs: 40 },
    ...params,
  });
  heard = listen(sdk);
  await sdk.NCEngine.connect({ token: 'alice:1' });
  await until(() => heard.names.includes('offlineSynced'));
}

beforeEach(async () => {
  server = await FakeServer.start();
  sdk = await freshSdk();
  bob = new sdk.DirectChannel('bob');
  await start();
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

describe('sending', () => {
  it('answers the message with its id and the server’s time', async () => {
    server.script.sendMessage = () => sent('m1', 1);
    const params = text('hello');
    params.needReceipt = true;
    const result = await bob.sendMessage(params);
    expect(result.isOk).toBe(true);
    expect(result.data).toBeInstanceOf(sdk.Message);
    expect(result.data).toMatchObject({
      messageId: 'm1',
      sentTime: 1_700_000_000_500,
      direction: sdk.MessageDirection.SEND,
      sentStatus: sdk.SentStatus.SENT,
      senderUserId: 'alice',
      content: { text: 'hello' },
      needReceipt: true,
    });
    expect(result.data!.channelIdentifier).toBeInstanceOf(sdk.DirectChannelIdentifier);
    expect(server.asked('sendMessage')[0]).toMatchObject({
      channel: { type: 1, id: 'bob' },
      type: 'RC:TxtMsg',
      content: '{"content":"hello"}',
      needsReceipt: true,
      uncounted: false,
      transient: false,
    });
    expect(heard.messages).toEqual([]);
  });

  it('its own place in the inbox needs no fetching', async () => {
    server.script.sendMessage = () => sent('m1', (server.head += 1));
    await bob.sendMessage(text('one'));
    await bob.sendMessage(text('two'));
    server.append({ case: 'message', value: wireMessage('m9', 'bob', 'hi') });
    await until(() => heard.messages.length === 1);
    expect(server.asked('sync')).toEqual([]);
  });

  it('a refusal gives its code, and the message stays as failed', async () => {
    server.script.sendMessage = () => ({ case: 'failure', value: { code: 405, name: 'IN_BLOCKLIST', message: 'blocked' } });
    const result = await bob.sendMessage(text('refused'));
    expect(result).toMatchObject({ isOk: false, code: 405, msg: 'blocked' });
    const page = await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage();
    expect(page.data!.data).toMatchObject([{ sentStatus: sdk.SentStatus.FAILED, failureCode: 405, messageId: '' }]);
    const list = await sdk.BaseChannel.createChannelsQuery({ pageSize: 20 }).loadNextPage();
    expect(list.data!.data[0]!.latestMessage).toMatchObject({ content: { text: 'refused' }, failureCode: 405 });
  });

  it('is repeated under the same id after a lost connection, and settles once', async () => {
    let tries = 0;
    server.script.sendMessage = (_value, peer) => {
      if (tries++ > 0) return sent('m1', 0);
      peer.socket.terminate();
      return undefined;
    };
    expect(await bob.sendMessage(text('twice'))).toMatchObject({ isOk: true, data: { messageId: 'm1' } });
    const [first, second] = server.asked('sendMessage');
    expect(second!.clientMessageId).toBe(first!.clientMessageId);
    expect(first!.clientMessageId).not.toBe('');
  });

  it('is not doubled when its entry arrives before the repeated answer', async () => {
    let tries = 0;
    server.script.sendMessage = (value, peer) => {
      if (tries++ > 0) return sent('m1', 0);
      server.append({
        case: 'message',
        value: { ...wireMessage('m1', 'alice', 'once', 'bob'), clientMessageId: value.clientMessageId },
      }, false);
      peer.socket.terminate();
      return undefined;
    };
    const result = await bob.sendMessage(text('once'));
    expect(result.data!.messageId).toBe('m1');
    await moment();
    expect(heard.messages).toEqual([]);
    const found = await sdk.BaseChannel.createSearchMessagesQuery({ keyword: 'once' }).loadNextPage();
    expect(found.data!.data.map((message) => message.clientId)).toEqual([result.data!.clientId]);
  });

  it('waits in order for the connection to come back', async () => {
    let id = 0;
    server.script.sendMessage = () => sent(`m${++id}`, 0);
    server.peer.socket.terminate();
    await until(() => heard.names.includes('SUSPENDED'));
    const results = await Promise.all(['one', 'two', 'three'].map((words) => bob.sendMessage(text(words))));
    expect(results.map((result) => result.data!.messageId)).toEqual(['m1', 'm2', 'm3']);
    expect(server.asked('sendMessage').map((value) => JSON.parse(value.content).content)).toEqual(['one', 'two', 'three']);
  });

  it('fails after its time with 30002, and can be cancelled before', async () => {
    await start({ sendTimeout: 150 });
    await server.stop();
    await until(() => heard.names.includes('SUSPENDED'));
    const slow = bob.sendMessage(text('slow'));
    const cancelled = bob.sendMessage(text('cancelled'));
    await moment(30);
    const page = await sdk.BaseChannel.createMessagesQuery({ channelIdentifier: bob.identifier }).loadNextPage();
    expect(page.data!.data.map((message) => [message.content.text, message.sentStatus])).toEqual([
      ['cancelled', sdk.SentStatus.SENDING],
      ['slow', sdk.SentStatus.SENDING],
    ]);
    expect((await bob.cancelSendingMessage(page.data!.data[0]!)).isOk).toBe(true);
    expect((await cancelled).code).toBe(34011);
    expect((await slow).code).toBe(30002);
  });

  it('is pipelined, at most 16 at once', async () => {
    const held: (() => void)[] = [];
    server.script.sendMessage = (_value, peer) => {
      const frame = peer.seen[peer.seen.length - 1]!;
      held.push(() => peer.send(frame.id, sent(`m${frame.id}`, 0)));
      return undefined;
    };
    const all = Promise.all(Array.from({ length: 20 }, (_, index) => bob.sendMessage(text(`${index}`))));
    await until(() => held.length === 16);
    await moment(30);
    expect(held).toHaveLength(16);
    for (const answer of held.splice(0)) answer();
    await until(() => held.length === 4);
    for (const answer of held.splice(0)) answer();
    expect((await all).every((result) => result.isOk)).toBe(true);
  });

  it('refuses what is too large before it is sent', async () => {
    expect((await bob.sendMessage(text('x'.repeat(131_073)))).code).toBe(30016);
    expect(server.asked('sendMessage')).toEqual([]);
  });

  it('a status message is transient, a custom one keeps its flags', async () => {
    sdk.NCEngine.registerCustomMessages([
      { messageType: 'app:seen', isPersisted: false, isCounted: false, isStatusMessage: true },
      { messageType: 'app:poll', isPersisted: true, isCounted: false },
    ]);
    server.script.sendMessage = () => sent('m1', 0);
    await bob.sendMessage(new sdk.SendMessageParams({ a: 1 }, 'app:seen'));
    await bob.sendMessage(new sdk.SendMessageParams({ question: '?' }, 'app:poll'));
    expect(server.asked('sendMessage')).toMatchObject([
      { type: 'app:seen', transient: true, content: '{"a":1}' },
      { type: 'app:poll', transient: false, uncounted: true },
    ]);
  });

  it('system, open and community channels answer a clear code', async () => {
    const code = async (channel: InstanceType<Chat['BaseChannel']>): Promise<number> => (await channel.sendMessage(text('x'))).code;
    expect(await code(new sdk.SystemChannel('s'))).toBe(20109);
    for (const channel of [new sdk.OpenChannel('o'), new sdk.CommunitySubChannel('c', 's')]) {
      expect(await code(channel)).toBe(sdk.NCCode.NOT_AVAILABLE);
    }
    expect(await code(new sdk.DirectChannel(''))).toBe(34210);
  });
});

describe('media', () => {
  const file = new File(['hello'], 'a.txt', { type: 'text/plain' });

  it('needs an uploader', async () => {
    const params = (await sdk.Helper.createSendFileMessageParams(file)).data!;
    expect((await bob.sendMediaMessage(params)).code).toBe(sdk.NCCode.NOT_AVAILABLE);
    expect(sdk.Helper.FileUploader.create({ file, fileType: sdk.Helper.FileType.FILE }).code).toBe(sdk.NCCode.NOT_AVAILABLE);
  });

  it('is uploaded, then sent with its URL', async () => {
    await start({
      uploader: async ({ onProgress }: { onProgress: (loaded: number, total: number) => void }) => {
        onProgress(2, 5);
        onProgress(5, 5);
        return { downloadUrl: 'https://files.example/a.txt' };
      },
    });
    server.script.sendMessage = () => sent('m1', 0);
    const params = (await sdk.Helper.createSendFileMessageParams(file)).data!;
    const steps: unknown[] = [];
    params.onUploadProgress = (percent, message) => steps.push([percent, message.messageType]);
    params.onUploadComplete = (url) => steps.push(url);
    const result = await bob.sendMediaMessage(params);
    expect(steps).toEqual([[40, 'RC:FileMsg'], [100, 'RC:FileMsg'], 'https://files.example/a.txt']);
    expect(result.data!.content).toEqual({ name: 'a.txt', size: 5, type: 'txt', remoteUrl: 'https://files.example/a.txt' });
    expect(JSON.parse(server.asked('sendMessage')[0]!.content).fileUrl).toBe('https://files.example/a.txt');
  });

  it('is not sent when the upload fails', async () => {
    await start({ uploader: () => Promise.reject(new Error('full')) });
    const params = (await sdk.Helper.createSendFileMessageParams(file)).data!;
    let told = 0;
    params.onUploadError = (code) => (told = code);
    expect((await bob.sendMediaMessage(params)).code).toBe(34019);
    expect(told).toBe(34019);
    expect(server.asked('sendMessage')).toEqual([]);
  });

  it('an upload by itself can be stopped', async () => {
    await start({ uploader: () => new Promise(() => undefined) });
    const created = sdk.Helper.FileUploader.create({ file, fileType: sdk.Helper.FileType.FILE });
    created.data!.stop();
    expect((await created.data!.result()).code).toBe(34011);
    const empty = new File([], 'empty');
    expect(sdk.Helper.FileUploader.create({ file: empty, fileType: sdk.Helper.FileType.FILE }).code).toBe(34018);
  });
});

describe('receiving', () => {
  it('hands messages over in order, once, whatever is pushed', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    const doubled = server.entries[0]!;
    server.peer.push({ case: 'entry', value: doubled });
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'two') }, false);
    server.append({ case: 'message', value: wireMessage('m3', 'bob', 'three') });
    await until(() => heard.messages.length === 3);
    expect(heard.messages.map((message) => message.content.text)).toEqual(['one', 'two', 'three']);
    expect(server.asked('sync')).toHaveLength(1);
    expect(heard.messages[0]).toMatchObject({ direction: 2, sentStatus: sdk.SentStatus.RECEIVED, senderUserId: 'bob' });
  });

  it('own messages from another device come with direction SEND and count as read', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'alice', 'from my phone', 'bob') });
    await until(() => heard.messages.length === 1);
    expect(heard.messages[0]!.direction).toBe(sdk.MessageDirection.SEND);
    expect((await bob.getUnreadCount()).data).toBe(0);
  });

  it('raises the unread count, and reading clears it here and tells the server', async () => {
    for (const id of ['m1', 'm2', 'm3']) server.append({ case: 'message', value: wireMessage(id, 'bob', id) });
    await until(() => heard.messages.length === 3);
    expect((await sdk.BaseChannel.getTotalUnreadCount()).data).toBe(3);
    expect((await bob.getFirstUnreadMessage()).code).toBe(22201);
    expect((await bob.sendReadReceiptResponse(['m1', 'm2'])).isOk).toBe(true);
    expect((await bob.getUnreadCount()).data).toBe(1);
    expect((await bob.clearUnreadCount()).isOk).toBe(true);
    expect((await bob.getUnreadCount()).data).toBe(0);
    expect(server.asked('markRead')).toMatchObject([{ messageId: 'm2' }, { messageId: '' }]);
    server.append({ case: 'channelRead', value: { channel: { type: 1, id: 'bob' }, messageId: 'm3', unreadCount: 0 } });
    await moment();
    expect(heard.names).not.toContain('unreadSync');
  });

  it('reading on another device clears it here too', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    server.append({ case: 'channelRead', value: { channel: { type: 1, id: 'bob' }, messageId: 'm1', unreadCount: 0 } });
    await until(() => heard.names.includes('unreadSync'));
    expect((await bob.getUnreadCount()).data).toBe(0);
    expect(heard.events['unreadSync']).toMatchObject([{ channelIdentifier: { channelType: 1, channelId: 'bob' } }]);
  });

  it('recalled messages go out of sight, and the list shows the one before', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'two') });
    server.append({ case: 'recalled', value: { channel: { type: 1, id: 'bob' }, messageId: 'm2', operatorId: 'bob' } });
    await until(() => heard.names.includes('deleted'));
    expect(heard.events['deleted']).toMatchObject([{ messages: [{ messageId: 'm2', channelIdentifier: { channelId: 'bob' } }] }]);
    expect((await bob.reload()).data!.latestMessage!.messageId).toBe('m1');
  });

  it('receipts turn own messages to READ', async () => {
    server.script.sendMessage = () => sent(`m${(server.head += 1)}`, server.head);
    const params = text('read me');
    params.needReceipt = true;
    await bob.sendMessage(params);
    server.append({ case: 'readReceipt', value: { channel: { type: 1, id: 'bob' }, readerId: 'bob', messageId: 'm1' } });
    await until(() => heard.names.includes('receipts'));
    expect(heard.events['receipts']).toMatchObject([{ responses: [{ messageId: 'm1', readCount: 1, unreadCount: 0, totalCount: 1 }] }]);
    expect((await bob.getMessageReadReceiptInfo(['m1', 'unknown'])).data).toMatchObject([{ messageId: 'm1', readCount: 1 }]);
    expect((await bob.reload()).data!.latestMessage!.sentStatus).toBe(sdk.SentStatus.READ);
  });

  it('typing is told, and ends with the message', async () => {
    server.peer.push({ case: 'typing', value: { channel: { type: 1, id: 'bob' }, userId: 'bob', type: 'RC:TxtMsg' } });
    await until(() => heard.names.includes('typing'));
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'done') });
    await until(() => heard.events['typing']!.length === 2);
    expect(heard.events['typing']).toMatchObject([
      { userTypingStatus: [{ userId: 'bob', typingMessageType: 'RC:TxtMsg' }] },
      { userTypingStatus: [] },
    ]);
  });

  it('transient messages are handed over and not kept', async () => {
    server.peer.push({ case: 'entry', value: { seq: 0n, body: { case: 'message', value: wireMessage('t1', 'bob', 'now') } } });
    await until(() => heard.messages.length === 1);
    expect(heard.messages[0]!.isStatusMessage).toBe(true);
    expect((await sdk.BaseChannel.createChannelsQuery({}).loadNextPage()).data!.data).toEqual([]);
  });

  it('a friend’s new profile without a place in the inbox is told and kept', async () => {
    const profile = { userId: 'bob', basic: '{"name":"New"}' };
    server.peer.push({ case: 'entry', value: { seq: 0n, body: { case: 'profileChanged', value: { profile } } } });
    await until(() => heard.names.includes('subscription'));
    expect(heard.events['subscription']).toMatchObject([{ events: [{ userId: 'bob', userProfile: { name: 'New' } }] }]);
    await server.stop();
    await until(() => heard.names.includes('SUSPENDED'));
    expect((await sdk.NCEngine.userModule.getUserProfiles(['bob'])).data).toMatchObject([{ name: 'New' }]);
  });

  it('friend, profile, presence and blocklist changes reach the user handler', async () => {
    const friend = { userId: 'bob', name: 'Bob', avatarUrl: 'https://x.example/b.png', alias: 'B' };
    server.append({ case: 'friend', value: { kind: 2, userIds: ['bob'], friend } });
    server.append({ case: 'friend', value: { kind: 5, userIds: ['bob'], friend } });
    server.append({ case: 'friend', value: { kind: 3, userIds: ['bob'] } });
    server.append({ case: 'friend', value: { kind: 4 } });
    server.append({ case: 'friend', value: { kind: 1, application: { userId: 'bob', direction: 2, status: 1, extra: 'hi' } } });
    server.append({ case: 'blocklistChanged', value: { added: ['eve'] } });
    server.append({ case: 'profileChanged', value: { profile: { userId: 'alice', basic: '{"name":"A"}' } } });
    server.append({ case: 'profileChanged', value: { profile: { userId: 'bob', basic: '{"name":"B2"}' }, friend: true } });
    server.append({ case: 'profileChanged', value: { profile: { userId: 'eve', basic: '{"name":"E2"}' } } });
    server.peer.push({ case: 'presenceChanged', value: { states: [{ userId: 'bob', online: true, platforms: ['ios'] }] } });
    await until(() => heard.names.includes('myProfile') && (heard.events['subscription']?.length ?? 0) === 3);
    expect(heard.events['friendAdd']).toMatchObject([{ userId: 'bob', name: 'Bob', portraitUri: 'https://x.example/b.png' }]);
    expect(heard.events['friendInfo']).toMatchObject([{ userId: 'bob', remark: 'B' }]);
    expect(heard.events['friendRemove']).toMatchObject([{ userIds: ['bob'] }]);
    expect(heard.events['friendCleared']).toHaveLength(1);
    expect(heard.events['application']).toMatchObject([{ userId: 'bob', applicationType: 2, applicationStatus: 1, extra: 'hi' }]);
    expect(heard.events['blocklist']).toEqual([{ added: ['eve'], removed: [] }]);
    expect(heard.events['myProfile']).toMatchObject([{ profile: { userId: 'alice', name: 'A' } }]);
    const subscriptions = heard.events['subscription'] as { events: { subscribeType: number; details: unknown }[] }[];
    expect(subscriptions.map((event) => event.events[0]!.subscribeType).sort()).toEqual([1, 2, 4]);
  });
});

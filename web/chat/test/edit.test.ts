import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../src/index.js';
import type { Answer } from './support/server.js';
import { FakeServer, wireMessage } from './support/server.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, moment, until } from './support/sdk.js';

let server: FakeServer;
let sdk: Chat;
let heard: Heard;
let bob: InstanceType<Chat['DirectChannelIdentifier']>;

/** A message with another content. */
const edited = (id: string, from: string, text: string, editedAt: number): ReturnType<typeof wireMessage> => ({
  ...wireMessage(id, from, text, 'bob'),
  editedAt: BigInt(editedAt),
});
const answer = (message: ReturnType<typeof wireMessage>): Answer => ({ case: 'messageEdited', value: { message } });
const modify = (messageId: string, content: object): ReturnType<Chat['BaseChannel']['modifyMessage']> =>
  sdk.BaseChannel.modifyMessage({ channelIdentifier: bob, messageId, content });
const told = (): [id: string, text: string][] =>
  ((heard.events['modified'] ?? []) as { messages: Message[] }[])
    .flatMap((event) => event.messages)
    .map((message) => [message.messageId, message.content.text]);

beforeEach(async () => {
  server = await FakeServer.start();
  sdk = await freshSdk();
  bob = new sdk.DirectChannelIdentifier('bob');
  server.script.login = () => {
    const welcome = server.welcome('alice');
    if (welcome.case === 'welcome') welcome.value.account = { userId: 'alice', messageEditMinutes: 90 };
    return welcome;
  };
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url });
  heard = listen(sdk);
  await sdk.NCEngine.connect({ token: 'alice:1' });
  await until(() => heard.names.includes('offlineSynced'));
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

describe('editing', () => {
  it('the app’s time limit is in the settings once connected', () => {
    expect(sdk.NCEngine.getAppSettings().data).toMatchObject({ messageModifiableMinutes: 90 });
  });

  it('answers the message as it is then, and the page that edits is not told again by the inbox', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'alice', 'teh', 'bob') });
    await until(() => heard.messages.length === 1);
    server.script.editMessage = () => answer(edited('m1', 'alice', 'the', 5));
    const result = await modify('m1', { text: 'the' });
    expect(result.data).toBeInstanceOf(sdk.Message);
    expect(result.data).toMatchObject({ messageId: 'm1', content: { text: 'the' }, hasChanged: true, direction: 1 });
    expect(result.data!.clientId).toBe(heard.messages[0]!.clientId);
    expect(server.asked('editMessage')).toMatchObject([{ channel: { type: 1, id: 'bob' }, messageId: 'm1', content: '{"content":"the"}' }]);
    server.append({ case: 'edited', value: { message: edited('m1', 'alice', 'the', 5) } });
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'after') });
    await until(() => heard.messages.length === 2);
    expect(told()).toEqual([]);
    const kept = await sdk.BaseChannel.getMessageById({ messageId: 'm1' });
    expect(kept.data!.content).toEqual({ text: 'the' });
  });

  it('by others, or from another device, is told once; an older one changes nothing', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    server.append({ case: 'edited', value: { message: edited('m1', 'bob', 'two', 5) } });
    server.append({ case: 'edited', value: { message: edited('m1', 'bob', 'two', 5) } });
    server.append({ case: 'edited', value: { message: edited('m1', 'bob', 'zero', 4) } });
    server.append({ case: 'edited', value: { message: edited('m9', 'bob', 'not on this device', 5) } });
    await until(() => told().length === 2);
    await moment();
    expect(told()).toEqual([['m1', 'two'], ['m9', 'not on this device']]);
    const { data } = await new sdk.DirectChannel('bob').reload();
    expect(data!.latestMessage!.content).toEqual({ text: 'two' });
    expect(data!.unreadCount).toBe(1);
  });

  it('a recalled message stays away', async () => {
    const channel = { type: 1, id: 'bob' };
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'one') });
    server.append({ case: 'recalled', value: { channel, messageId: 'm1' } });
    server.append({ case: 'edited', value: { message: edited('m1', 'bob', 'two', 5) } });
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'after') });
    await until(() => heard.messages.length === 2);
    expect(told()).toEqual([]);
    expect((await sdk.BaseChannel.getMessageById({ messageId: 'm1' })).code).toBe(22201);
  });

  it('of a message that this device does not have asks the server for its type first', async () => {
    server.script.getHistory = ({ fromMessageId, ascending }) => ({
      case: 'history',
      value: { messages: [ascending && fromMessageId === 'm3' ? { ...wireMessage('m4', 'alice', '', 'bob'), type: 'app:order', content: '{"text":"x"}' } : wireMessage('m3', 'bob', 'before')] },
    });
    server.script.editMessage = ({ content }) => answer({ ...edited('m4', 'alice', '', 5), type: 'app:order', content });
    const result = await modify('m4', { text: 'y' });
    expect(server.asked('editMessage')[0]!.content).toBe('{"text":"y"}');
    expect(result.data).toMatchObject({ messageType: 'app:order', content: { text: 'y' } });
  });

  it('is refused by the server’s code, and before that where the arguments cannot be right', async () => {
    server.append({ case: 'message', value: wireMessage('m1', 'alice', 'teh', 'bob') });
    await until(() => heard.messages.length === 1);
    for (const code of [405, 20114, 20116, 25107]) {
      server.script.editMessage = () => ({ case: 'failure', value: { code } });
      expect((await modify('m1', { text: 'x' })).code).toBe(code);
    }
    const asked = server.asked('editMessage').length;
    server.script.getHistory = () => ({ case: 'history', value: {} });
    expect((await modify('m7', { text: 'x' })).code).toBe(22201);
    expect((await modify('', { text: 'x' })).code).toBe(34203);
    expect((await modify('m1', { text: 'x'.repeat(131_072) })).code).toBe(30016);
    const room = new sdk.OpenChannel('o').identifier;
    expect((await sdk.BaseChannel.modifyMessage({ channelIdentifier: room, messageId: 'm1', content: {} })).code).toBe(50101);
    expect(server.asked('editMessage')).toHaveLength(asked);
    expect((await sdk.BaseChannel.getMessageById({ messageId: 'm1' })).data!.content).toEqual({ text: 'teh' });
  });
});

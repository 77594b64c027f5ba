import { afterEach, describe, expect, it } from 'vitest';
import * as chat from '@nexconn/chat';
import * as engine from '@nexconn/engine';
import surface from './fixtures/surface.json' with { type: 'json' };
import { channelFor, cloneMessage, combine, generator, identifiers, install, isMessage, literals, mention } from './programs/chatui.js';

type Named = Record<string, unknown>;
const ours = chat as unknown as Named;

afterEach(() => chat.NCEngine.destroy());

describe('names that programs import', () => {
  it.each([...surface.exports.chat, ...surface.exports.documented])('%s is exported', (name) => {
    expect(ours[name]).toBeDefined();
  });

  it.each(surface.exports.engine)('engine: %s is exported', (name) => {
    expect((engine as unknown as Named)[name]).toBeDefined();
  });

  it.each(Object.entries(surface.methods))('%s has its methods', (name, methods) => {
    const holder = (name === 'userModule' ? chat.NCEngine.userModule : ours[name]) as Named & { prototype?: Named };
    for (const method of methods) {
      expect([holder[method], holder.prototype?.[method]].some((found) => typeof found === 'function'), method).toBe(true);
    }
  });

  it.each(Object.entries(surface.enums))('enum %s has its members', (name, members) => {
    for (const [member, value] of Object.entries(members)) {
      const found = (ours[name] as Named)[member];
      expect(found, member).toBeDefined();
      if (value !== null) expect(found, member).toBe(value);
    }
  });
});

describe('what programs rely on', () => {
  it('literals that they compare with', () => {
    expect(literals).toEqual([1, 2, 5, 10]);
  });

  it('results are made by hand', () => {
    expect(chat.NCResult.ok(5)).toMatchObject({ isOk: true, code: 0, data: 5 });
    const failed = chat.NCResult.fail(30002, 'network', { a: 1 });
    expect(failed).toMatchObject({ isOk: false, code: 30002, msg: 'network', data: { a: 1 } });
    const wiped = failed.wipe();
    expect([wiped.code, wiped.msg, wiped.data, wiped instanceof chat.NCResult]).toEqual([30002, 'network', undefined, true]);
  });

  it('identifiers are equal by type, id and subchannel', () => {
    for (const [index, one] of identifiers.entries()) {
      expect(one).toBeInstanceOf(chat.ChannelIdentifier);
      for (const [other, two] of identifiers.entries()) expect(one.isEqualTo(two)).toBe(index === other);
    }
    expect(new chat.ChannelIdentifier(chat.ChannelType.DIRECT, 'a').isEqualTo(new chat.DirectChannelIdentifier('a'))).toBe(true);
    expect(new chat.CommunitySubChannelIdentifier('a', 'c').isEqualTo(identifiers[3]!)).toBe(false);
  });

  it('making a channel does no I/O, and it has its identifier', () => {
    for (const identifier of identifiers) {
      const channel = channelFor(identifier)!;
      expect(channel.identifier.isEqualTo(identifier)).toBe(true);
      expect(channel.channelId).toBe('a');
      expect([channel.unreadCount, channel.latestMessage, channel.isPinned]).toEqual([0, null, false]);
    }
  });

  it('the synchronous calls are synchronous', () => {
    expect(chat.NCEngine.initialize({ appKey: 'app', naviServer: 'http://127.0.0.1:1' })).toBeUndefined();
    expect(chat.NCEngine.getAppSettings()).toMatchObject({ isOk: true, data: { isSpeechToTextEnabled: false } });
    expect(chat.NCEngine.registerCustomMessages([{ messageType: 'a:b', isPersisted: true, isCounted: true }]).isOk).toBe(true);
    expect(chat.NCEngine.registerCustomMessages([{ messageType: 'RC:x', isPersisted: true, isCounted: true }]).code).toBe(33003);
    expect(chat.NCEngine.getServerTimeDelta()).toBe(0);
    expect(chat.NCEngine.getCurrentUserId()).toBe('');
  });

  it('a plugin is set up where it can work, and told of the end', () => {
    chat.NCEngine.initialize({ appKey: 'the key', naviServer: 'http://127.0.0.1:1' });
    expect(install({ onConnected: () => undefined })).toBeNull();
    const app = chat.__install__({ ...generator, verify: () => true }, { onConnected: () => undefined })!;
    expect(app.appKey).toBe('the key');
    app.messages.push(new chat.Message());
    chat.NCEngine.destroy();
    expect(app.messages).toEqual([]);
  });

  it('a handler takes the place of the one under the same id', () => {
    const handler = new chat.MessageHandler({});
    chat.NCEngine.addMessageHandler('one', new chat.MessageHandler({}));
    chat.NCEngine.addMessageHandler('one', handler);
    chat.NCEngine.removeMessageHandler('one');
    chat.NCEngine.removeMessageHandler('never there');
  });
});

describe('help with messages', () => {
  const bob = new chat.DirectChannelIdentifier('bob');
  const hello = chat.Helper.createMessage(bob, mention('hello', ['carol']), 'bob');

  it('made locally, its direction follows from the sender', () => {
    expect(hello).toMatchObject({ direction: 2, messageType: 'RC:TxtMsg', senderUserId: 'bob', messageId: '', sentStatus: 10 });
    expect(chat.Helper.createMessage(bob, mention('mine', [])).direction).toBe(1);
    expect(isMessage(hello)).toBe(true);
    expect(hello.mentionedInfo).toEqual({ type: 2, userIdList: ['carol'] });
    const numbers = Array.from({ length: 100 }, () => chat.Helper.createMessage(bob, mention('n', [])).clientId);
    expect(new Set(numbers).size).toBe(100);
  });

  it('a clone has what the original had', () => {
    expect(cloneMessage(hello)).toEqual(hello);
  });

  it('combined messages come apart as they were', () => {
    hello.sentTime = 5;
    const params = combine([hello], ['Bob']);
    const message = chat.Helper.createMessage(bob, params);
    const [inner] = chat.Helper.unwrapCombineMessage(message);
    expect(inner).toMatchObject({ senderUserId: 'bob', sentTime: 5, content: hello.content, messageType: 'RC:TxtMsg' });
    expect(params.content.msgList![0]).toMatchObject({ objectName: 'RC:TxtMsg', content: { content: 'hello' }, fromUserId: 'bob' });
    expect(chat.Helper.unwrapCombineMessage(chat.Helper.createMessage(bob, new chat.SendMessageParams({}, 'RC:CombineV2Msg')))).toEqual([]);
  });

  it('quoted messages come out as they were', () => {
    hello.messageId = 'm1';
    const content = chat.Helper.wrapAsReferenceMessageContent(hello, 'yes');
    expect(content).toMatchObject({ text: 'yes', referMsgSenderId: 'bob', referMsgType: 'RC:TxtMsg' });
    const answer = chat.Helper.createMessage(bob, new chat.SendMessageParams(content, chat.MessageType.REFERENCE));
    expect(chat.Helper.unwrapReferenceMessage(answer)).toMatchObject({ content: hello.content, messageId: 'm1', senderUserId: 'bob' });
  });

  it('what the server does not have answers a clear code', async () => {
    const calls = [
      hello.requestSpeechToText(),
      hello.setMetadata({ a: 'b' }),
      new chat.OpenChannel('o').enterChannel({ messageCount: 1 }),
      new chat.CommunityChannel('c').getSubChannels(),
      chat.NCEngine.translateModule.translateTexts({}),
    ];
    for (const result of await Promise.all(calls)) expect(result).toMatchObject({ isOk: false, code: 50101 });
  });
});

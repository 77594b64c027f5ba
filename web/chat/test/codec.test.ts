import { describe, expect, it } from 'vitest';
import { decodeContent, encodeContent, messageTypeInfo, registerMessageType } from '../src/message/codec.js';
import { MessageType } from '../src/index.js';

const sender = { userId: 'alice', name: 'Alice', portraitUri: 'https://x.example/a.png' };
const common = { extra: 'more', mentionedInfo: { type: 2, userIdList: ['bob'] }, senderUserInfo: sender };
const user = { id: 'alice', name: 'Alice', portrait: 'https://x.example/a.png' };
const travels = { extra: 'more', mentionedInfo: { type: 2, userIdList: ['bob'] }, user };

/** For each type: the content as programs see it, and as other clients read it on the wire. */
const contents: Record<MessageType, [program: object, wire: object]> = {
  'RC:TxtMsg': [{ text: 'hi' }, { content: 'hi' }],
  'RC:ImgMsg': [
    { thumbnailBase64: 'AAAA', remoteUrl: 'https://f/1', thumWidth: 3, thumHeight: 4 },
    { content: 'AAAA', imageUri: 'https://f/1', thumWidth: 3, thumHeight: 4 },
  ],
  'RC:GIFMsg': [
    { dataSize: 9, width: 1, height: 2, remoteUrl: 'https://f/2' },
    { gifDataSize: 9, width: 1, height: 2, remoteUrl: 'https://f/2' },
  ],
  'RC:FileMsg': [
    { name: 'a.pdf', size: 7, type: 'pdf', remoteUrl: 'https://f/3' },
    { name: 'a.pdf', size: 7, type: 'pdf', fileUrl: 'https://f/3' },
  ],
  'RC:SightMsg': [
    { thumbnailBase64: 'BB', remoteUrl: 'https://f/4', duration: 5, name: 'v.mp4', size: 8 },
    { content: 'BB', sightUrl: 'https://f/4', duration: 5, name: 'v.mp4', size: 8 },
  ],
  'RC:HQVCMsg': [{ remoteUrl: 'https://f/5', duration: 6 }, { remoteUrl: 'https://f/5', duration: 6 }],
  'RC:VcMsg': [{ base64: 'CC', duration: 2 }, { content: 'CC', duration: 2 }],
  'RC:CombineV2Msg': [
    { channelType: 1, summaryList: ['A: x'], nameList: ['A'], msgNum: 1, msgList: [] },
    { conversationType: 1, summaryList: ['A: x'], nameList: ['A'], msgNum: 1, msgList: [] },
  ],
  'RC:CombineMsg': [
    { channelType: 3, summaryList: [], nameList: ['A'], msgNum: 1, remoteUrl: 'https://f/6' },
    { conversationType: 3, summaryList: [], nameList: ['A'], msgNum: 1, remoteUrl: 'https://f/6' },
  ],
  'RC:ReferenceMsg': [
    { text: 'yes', referMsgSenderId: 'bob', referMsgType: 'RC:TxtMsg', referMsg: { text: 'ok?' }, referMsgId: 'm1' },
    { content: 'yes', referMsgUserId: 'bob', objName: 'RC:TxtMsg', referMsg: { content: 'ok?' }, referMsgUid: 'm1' },
  ],
  'RC:LBSMsg': [
    { latitude: 1.5, longitude: 2.5, poiName: 'Here', thumbnailBase64: 'DD' },
    { latitude: 1.5, longitude: 2.5, poi: 'Here', content: 'DD' },
  ],
  'RC:ImgTextMsg': [
    { title: 't', digest: 'd', imageUri: 'https://f/7', url: 'https://f/8' },
    { title: 't', content: 'd', imageUri: 'https://f/7', url: 'https://f/8' },
  ],
  'RC:InfoNtf': [{ message: 'note' }, { message: 'note' }],
  'RC:GrpNtf': [
    { operatorUserId: 'a', operation: 'Add', data: '{}', message: 'm' },
    { operatorUserId: 'a', operation: 'Add', data: '{}', message: 'm' },
  ],
  'RC:RcNtf': [
    { operatorId: 'a', recallTime: 1, originalObjectName: 'RC:TxtMsg' },
    { operatorId: 'a', recallTime: 1, originalObjectName: 'RC:TxtMsg' },
  ],
  'RC:CmdNtf': [{ name: 'n', data: 'd' }, { name: 'n', data: 'd' }],
  'RC:CmdMsg': [{ name: 'n', data: 'd' }, { name: 'n', data: 'd' }],
  'RC:StreamMsg': [{ text: 's', type: 'markdown', complete: true }, { content: 's', type: 'markdown', complete: true }],
};

describe.each(Object.values(MessageType))('%s', (type) => {
  const [program, wire] = contents[type];

  it('travels under the names that other clients read', () => {
    expect(JSON.parse(encodeContent(type, { ...program, ...common }))).toEqual({ ...wire, ...travels });
  });

  it('comes back as it was', () => {
    expect(decodeContent(type, encodeContent(type, { ...program, ...common }))).toEqual({ ...program, ...common });
    expect(decodeContent(type, JSON.stringify(wire))).toEqual(program);
  });

  it('leaves the content of the program alone', () => {
    const content = { ...program, ...common };
    const copy = structuredClone(content);
    encodeContent(type, content);
    expect(content).toEqual(copy);
  });
});

describe('contents', () => {
  it('of media may hold the URL under the wire name already', () => {
    const sent = encodeContent(MessageType.IMAGE, { thumbnailBase64: '', imageUri: 'https://f/9' });
    expect(decodeContent(MessageType.IMAGE, sent).remoteUrl).toBe('https://f/9');
  });

  it('of unknown types pass through unchanged', () => {
    const content = { content: 'x', user: { id: 1 }, nested: [1, { a: null }] };
    expect(decodeContent('app:poll', encodeContent('app:poll', content))).toEqual(content);
  });

  it('that are not JSON, or not objects, do no harm', () => {
    expect(decodeContent(MessageType.TEXT, 'plain')).toBe('plain');
    expect(decodeContent(MessageType.TEXT, '"quoted"')).toBe('quoted');
    expect(decodeContent(MessageType.TEXT, '')).toEqual({});
    expect(decodeContent(MessageType.REFERENCE, '{"referMsg":null}')).toEqual({ referMsg: null });
  });

  it('have their file where the program has put it', () => {
    const wire = { fileUrl: 'https://f/1', name: 'a', size: 1 };
    expect(JSON.parse(encodeContent(MessageType.FILE, { name: 'a', size: 1, remoteUrl: '', fileUrl: 'https://f/1' }))).toEqual(wire);
    expect(JSON.parse(encodeContent(MessageType.FILE, { name: 'a', size: 1, remoteUrl: 'https://f/1', fileUrl: '' }))).toEqual(wire);
  });

  it('keep members of newer clients', () => {
    expect(decodeContent(MessageType.TEXT, '{"content":"a","burnDuration":3}')).toEqual({ text: 'a', burnDuration: 3 });
  });
});

describe('types of the app’s own', () => {
  it('behave as registered', () => {
    expect(registerMessageType({ messageType: 'app:seen', isPersisted: false, isCounted: false, isStatusMessage: true })).toBeUndefined();
    expect(messageTypeInfo('app:seen')).toMatchObject({ isPersisted: false, isCounted: false, isStatusMessage: true });
  });

  it.each(['', 'RC:Own', 'has space', 'x'.repeat(33), 'ünicode'])('%j cannot be one', (messageType) => {
    expect(registerMessageType({ messageType, isPersisted: true, isCounted: true })).toBeTypeOf('string');
  });
});

import type { Json } from '../json.js';
import type { CustomMessageRegistration } from './content.js';
import { MessageType } from './content.js';

/** How one message type travels, and how it behaves. */
export interface MessageTypeInfo {
  /** Whether such messages stay in the history. */
  isPersisted: boolean;
  /** Whether they raise the unread count. */
  isCounted: boolean;
  /** Whether they reach only devices that are online now. */
  isStatusMessage: boolean;
  /** Pairs of a member's name in the program and on the wire, where they differ. */
  names: readonly (readonly [program: string, wire: string])[];
}

const SHOWN = { isPersisted: true, isCounted: true, isStatusMessage: false, names: [] } as const;
const NOTICE = { ...SHOWN, isCounted: false } as const;

/** On the wire a standard content's members have the names that other clients of the family read. */
const standard: Record<string, MessageTypeInfo> = {
  [MessageType.TEXT]: { ...SHOWN, names: [['text', 'content']] },
  [MessageType.IMAGE]: { ...SHOWN, names: [['thumbnailBase64', 'content'], ['remoteUrl', 'imageUri']] },
  [MessageType.GIF]: { ...SHOWN, names: [['dataSize', 'gifDataSize']] },
  [MessageType.FILE]: { ...SHOWN, names: [['remoteUrl', 'fileUrl']] },
  [MessageType.SHORT_VIDEO]: { ...SHOWN, names: [['thumbnailBase64', 'content'], ['remoteUrl', 'sightUrl']] },
  [MessageType.HD_VOICE]: SHOWN,
  [MessageType.VOICE]: { ...SHOWN, names: [['base64', 'content']] },
  [MessageType.REFERENCE]: {
    ...SHOWN,
    names: [
      ['text', 'content'],
      ['referMsgSenderId', 'referMsgUserId'],
      ['referMsgType', 'objName'],
      ['referMsgId', 'referMsgUid'],
    ],
  },
  [MessageType.COMBINE]: { ...SHOWN, names: [['channelType', 'conversationType']] },
  [MessageType.COMBINE_V1]: { ...SHOWN, names: [['channelType', 'conversationType']] },
  [MessageType.LOCATION]: { ...SHOWN, names: [['thumbnailBase64', 'content'], ['poiName', 'poi']] },
  [MessageType.RICH_CONTENT]: { ...SHOWN, names: [['digest', 'content']] },
  [MessageType.STREAM]: { ...SHOWN, names: [['text', 'content']] },
  [MessageType.INFORMATION_NOTIFICATION]: NOTICE,
  [MessageType.GROUP_NOTIFICATION]: NOTICE,
  [MessageType.RECALL_NOTIFICATION]: NOTICE,
  [MessageType.COMMAND_NOTIFICATION]: NOTICE,
  [MessageType.COMMAND]: { ...NOTICE, isPersisted: false },
};

const custom = new Map<string, MessageTypeInfo & { remoteFileUrlField?: string }>();

/** How a type behaves; an unknown type is like text. */
export function messageTypeInfo(type: string): MessageTypeInfo {
  return standard[type] ?? custom.get(type) ?? SHOWN;
}

/** The content's member that holds a media message's URL. */
export function remoteUrlField(type: string): string {
  return custom.get(type)?.remoteFileUrlField ?? 'remoteUrl';
}

/** Takes up a type of the app's own; the sentence says why not. */
export function registerMessageType(registration: CustomMessageRegistration): string | undefined {
  const { messageType, isPersisted, isCounted, isStatusMessage = false, remoteFileUrlField } = registration;
  if (typeof messageType !== 'string' || !/^[!-~]{1,32}$/.test(messageType)) {
    return `messageType ${JSON.stringify(messageType)} is not 1 to 32 printable ASCII characters`;
  }
  if (messageType.startsWith('RC:')) {
    return `messageType ${messageType}: names that begin with RC: are reserved`;
  }
  const info = { isPersisted, isCounted, isStatusMessage, names: [] };
  custom.set(messageType, remoteFileUrlField === undefined ? info : { ...info, remoteFileUrlField });
  return undefined;
}

type Fields = Record<string, Json>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Puts under `to` what is under `from`, unless that says nothing and the other name has more to say. */
function rename(fields: Fields, from: string, to: string): void {
  const { [from]: value, [to]: other } = fields;
  if (from === to || value === undefined) return;
  delete fields[from];
  fields[to] = value === '' && other ? other : value;
}

/** A content as it travels, still an object. */
export function toWire(type: string, content: unknown): Json {
  if (!isObject(content)) return content;
  const wire: Fields = { ...content };
  if (standard[type] === undefined) return wire;
  for (const [program, onWire] of messageTypeInfo(type).names) rename(wire, program, onWire);
  if (isObject(wire['senderUserInfo'])) {
    const { userId, portraitUri, ...rest } = wire['senderUserInfo'];
    wire['user'] = { id: userId, portrait: portraitUri, ...rest };
    delete wire['senderUserInfo'];
  }
  if (type === MessageType.REFERENCE && isObject(wire['referMsg'])) {
    wire['referMsg'] = toWire(String(wire['objName'] ?? ''), wire['referMsg']);
  }
  return wire;
}

/** A content as programs see it, from the object that travelled. Foreign members are kept. */
export function fromWire(type: string, wire: unknown): Json {
  if (!isObject(wire)) return wire;
  const content: Fields = { ...wire };
  if (standard[type] === undefined) return content;
  for (const [program, onWire] of messageTypeInfo(type).names) rename(content, onWire, program);
  if (isObject(content['user'])) {
    const { id, userId, portrait, portraitUri, ...rest } = content['user'];
    content['senderUserInfo'] = { userId: id ?? userId, portraitUri: portrait ?? portraitUri, ...rest };
    delete content['user'];
  }
  if (type === MessageType.REFERENCE) {
    const refers: unknown = content['referMsg'];
    const inner: unknown = typeof refers === 'string' ? parse(refers) : refers;
    content['referMsg'] = fromWire(String(content['referMsgType'] ?? ''), inner);
  }
  return content;
}

/** A content as JSON text. */
export function encodeContent(type: string, content: unknown): string {
  return JSON.stringify(toWire(type, content) ?? {});
}

/** A content from JSON text. Text that is not JSON, which other clients may send, becomes the content itself. */
export function decodeContent(type: string, text: string): Json {
  if (text === '') return {};
  return fromWire(type, parse(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

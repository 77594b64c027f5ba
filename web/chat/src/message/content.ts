import type { ChannelType, MentionedType } from '../enums.js';
import type { Json } from '../json.js';

/** The names of the standard message types, as they travel. */
export const MessageType = {
  /** Text: {@link TextMessageContent}. */
  TEXT: 'RC:TxtMsg',
  /** Picture: {@link ImageMessageContent}. */
  IMAGE: 'RC:ImgMsg',
  /** Moving picture: {@link GIFMessageContent}. */
  GIF: 'RC:GIFMsg',
  /** File: {@link FileMessageContent}. */
  FILE: 'RC:FileMsg',
  /** Short video: {@link ShortVideoMessageContent}. */
  SHORT_VIDEO: 'RC:SightMsg',
  /** Voice as a file: {@link HDVoiceMessageContent}. */
  HD_VOICE: 'RC:HQVCMsg',
  /** Several messages forwarded as one: {@link CombineMessageContent}. */
  COMBINE: 'RC:CombineV2Msg',
  /** An answer that quotes a message: {@link ReferenceMessageContent}. */
  REFERENCE: 'RC:ReferenceMsg',
  /** A place: {@link LocationMessageContent}. */
  LOCATION: 'RC:LBSMsg',
  /** Short voice inside the message: {@link VoiceMessageContent}. */
  VOICE: 'RC:VcMsg',
  /** Title, text, picture and link: {@link RichContentMessageContent}. */
  RICH_CONTENT: 'RC:ImgTextMsg',
  /** A grey notice: {@link InformationNotificationMessageContent}. */
  INFORMATION_NOTIFICATION: 'RC:InfoNtf',
  /** A notice about a group: {@link GroupNotificationMessageContent}. */
  GROUP_NOTIFICATION: 'RC:GrpNtf',
  /** The notice that stands for a recalled message: {@link RecallNotificationMessageContent}. */
  RECALL_NOTIFICATION: 'RC:RcNtf',
  /** An order to the app, shown in the history: {@link CommandMessageContent}. */
  COMMAND_NOTIFICATION: 'RC:CmdNtf',
  /** An order to the app, not shown: {@link CommandMessageContent}. */
  COMMAND: 'RC:CmdMsg',
  /** Text that arrives bit by bit: {@link StreamMessageContent}. */
  STREAM: 'RC:StreamMsg',
  /** An older spelling of {@link MessageType.COMBINE}. */
  COMBINE_V1: 'RC:CombineMsg',
} as const;

/** The name of a standard message type. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Whom a message mentions. */
export interface MentionedInfo {
  /** Everybody or the users listed. */
  type: MentionedType;
  /** The users mentioned. */
  userIdList?: string[];
  /** What their devices show. */
  mentionedContent?: string;
}

/** What a sender tells about themselves inside a message. */
export interface SenderUserInfo {
  /** The sender. */
  userId: string;
  /** Name to show. */
  name?: string;
  /** Avatar's URL. */
  portraitUri?: string;
  /** Another name to show. */
  alias?: string;
  /** Whatever the app adds. */
  extra?: string;
}

/** What every standard content may carry. */
export interface BaseMessageContent {
  /** The sender as they were when sending. */
  senderUserInfo?: SenderUserInfo;
  /** Whatever the app adds. */
  extra?: string;
  /** Whom the message mentions. */
  mentionedInfo?: MentionedInfo;
}

/** Text. */
export interface TextMessageContent extends BaseMessageContent {
  /** The text. */
  text: string;
}

/** A picture. */
export interface ImageMessageContent extends BaseMessageContent {
  /** A small JPEG in base64, without a `data:` prefix. */
  thumbnailBase64: string;
  /** Where the picture is. */
  remoteUrl: string;
  /** Another spelling of `remoteUrl`, which stands for it when that is empty. */
  imageUri?: string;
  /** Width of the thumbnail in pixels. */
  thumWidth?: number;
  /** Height of the thumbnail in pixels. */
  thumHeight?: number;
}

/** A moving picture. */
export interface GIFMessageContent extends BaseMessageContent {
  /** Bytes of the file. */
  dataSize: number;
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** Where the file is. */
  remoteUrl: string;
}

/** A file. */
export interface FileMessageContent extends BaseMessageContent {
  /** The file's name. */
  name: string;
  /** Bytes of the file. */
  size: number;
  /** The file's kind, such as `pdf`. */
  type?: string;
  /** Where the file is. */
  remoteUrl: string;
  /** Another spelling of `remoteUrl`, which stands for it when that is empty. */
  fileUrl?: string;
}

/** A short video. */
export interface ShortVideoMessageContent extends BaseMessageContent {
  /** A small JPEG in base64, without a `data:` prefix. */
  thumbnailBase64: string;
  /** Where the video is. */
  remoteUrl: string;
  /** Another spelling of `remoteUrl`, which stands for it when that is empty. */
  sightUrl?: string;
  /** Seconds. */
  duration: number;
  /** The file's name. */
  name: string;
  /** Bytes of the file. */
  size?: number;
}

/** Voice as a file. */
export interface HDVoiceMessageContent extends BaseMessageContent {
  /** Where the recording is. */
  remoteUrl: string;
  /** Seconds. */
  duration: number;
}

/** Short voice inside the message. */
export interface VoiceMessageContent extends BaseMessageContent {
  /** The recording in base64. */
  base64: string;
  /** Seconds. */
  duration: number;
}

/** An answer that quotes a message. */
export interface ReferenceMessageContent extends BaseMessageContent {
  /** The answer. */
  text: string;
  /** Who wrote the quoted message. */
  referMsgSenderId: string;
  /** The quoted message's type. */
  referMsgType: string;
  /** The quoted message's content. */
  referMsg: Json;
  /** The quoted message's id, when it is known. */
  referMsgId?: string;
}

/** One message inside a combined one, as it travels. */
export interface CombineMessageInfo {
  /** Who wrote it. */
  fromUserId: string;
  /** Where it was written. */
  channelId: string;
  /** When, Unix time in milliseconds. */
  timestamp: number;
  /** Its type. */
  objectName: string;
  /** Its content as it travels. */
  content: Json;
}

/** Several messages forwarded as one. */
export interface CombineMessageContent extends BaseMessageContent {
  /** The kind of channel that they come from. */
  channelType: ChannelType;
  /** A line for each of the first few. */
  summaryList: string[];
  /** Names of their senders. */
  nameList: string[];
  /** How many there are. */
  msgNum: number;
  /** The messages, when they are few enough to travel inside. */
  msgList?: CombineMessageInfo[];
  /** The name of the file of messages at `remoteUrl`. */
  jsonMsgKey?: string;
  /** Where the file of messages is. */
  remoteUrl?: string;
}

/** A place. */
export interface LocationMessageContent extends BaseMessageContent {
  /** Degrees north. */
  latitude: number;
  /** Degrees east. */
  longitude: number;
  /** The place's name. */
  poiName: string;
  /** A small JPEG of the map in base64. */
  thumbnailBase64?: string;
}

/** Title, text, picture and link. */
export interface RichContentMessageContent extends BaseMessageContent {
  /** Title. */
  title: string;
  /** Text. */
  digest: string;
  /** Where the picture is. */
  imageUri: string;
  /** Where the link leads. */
  url: string;
}

/** A grey notice in the conversation. */
export interface InformationNotificationMessageContent extends BaseMessageContent {
  /** The notice. */
  message: string;
}

/** A notice about a group. */
export interface GroupNotificationMessageContent extends BaseMessageContent {
  /** Who did it. */
  operatorUserId: string;
  /** What they did, such as `Add`. */
  operation: string;
  /** More, as JSON text. */
  data: string;
  /** The notice. */
  message: string;
}

/** The notice that stands for a recalled message. */
export interface RecallNotificationMessageContent extends BaseMessageContent {
  /** Who recalled it. */
  operatorId: string;
  /** When, Unix time in milliseconds. */
  recallTime: number;
  /** The recalled message's type. */
  originalObjectName: string;
}

/** An order to the app. */
export interface CommandMessageContent extends BaseMessageContent {
  /** What to do. */
  name: string;
  /** With what. */
  data: string;
}

/** Text that arrives bit by bit. */
export interface StreamMessageContent extends BaseMessageContent {
  /** The text so far. */
  text: string;
  /** Its form, such as `markdown`. */
  type: string;
  /** Whether it is complete. */
  complete: boolean;
}

/** Tells the SDK about a message type of the app's own. */
export interface CustomMessageRegistration {
  /** 1 to 32 printable ASCII characters; `RC:` at the beginning is reserved. */
  messageType: string;
  /** Whether such messages stay in the history. */
  isPersisted: boolean;
  /** Whether they raise the unread count. */
  isCounted: boolean;
  /** Whether they reach only devices that are online now. */
  isStatusMessage?: boolean;
  /** For media: the content's member that holds the file's URL. */
  remoteFileUrlField?: string;
}

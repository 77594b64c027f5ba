import type { Json } from '../json.js';
import type {
  FileMessageContent,
  GIFMessageContent,
  HDVoiceMessageContent,
  ImageMessageContent,
  ShortVideoMessageContent,
  TextMessageContent,
} from './content.js';
import { MessageType } from './content.js';
import type { Message } from './message.js';

/** How devices that are not connected show a message. */
export interface PushConfig {
  /** Makes no notification. */
  disableNotification?: boolean;
  /** Shows no title. */
  disablePushTitle?: boolean;
  /** Title. */
  pushTitle?: string;
  /** Text. */
  pushContent?: string;
  /** Handed to the app when the notification is opened. */
  pushData?: string;
  /** Shows the text even where the user hides texts. */
  forceShowDetailContent?: boolean;
  /** Template of the app's. */
  templateId?: string;
  /** Rings like a call. */
  voIPPush?: boolean;
  /** Options of each maker's push service. */
  [option: string]: Json;
}

/** What to send. */
export class SendMessageParams<T = Json> {
  /** The content. */
  content: T;
  /** The type, one of {@link MessageType} or a registered name. */
  readonly messageType: string;
  /** Whether to be told when it is read. */
  needReceipt?: boolean;
  /** How devices that are not connected show it. */
  pushConfig?: PushConfig;
  /**
   * The number to know the message by on this device, such as the one that `Helper.createMessage` gave it, so that a
   * page can show it before it is sent. Without one it gets its own.
   */
  clientId?: number;
  /** In a group: the only members who are to receive it. */
  directedUserIds?: string[];

  /** Any content under its type. */
  constructor(content: T, messageType: string) {
    this.content = content;
    this.messageType = messageType;
  }
}

/** A text to send. */
export class SendTextMessageParams extends SendMessageParams<TextMessageContent> {
  /** `{text}`, and what else a text message may carry. */
  constructor(content: TextMessageContent) {
    super(content, MessageType.TEXT);
  }
}

/** A message with a file that is uploaded before it is sent. */
export class SendMediaMessageParams<T = Json> extends SendMessageParams<T> {
  /** The file to upload; without it, the content must hold the file's URL already. */
  file?: File;
  /** Told how much of the file is uploaded, 0 to 100. */
  onUploadProgress?: (progress: number, message: Message<T>) => void;
  /** Told when the file is uploaded. */
  onUploadComplete?: (remoteUrl: string, message: Message<T>) => void;
  /** Told when the upload failed; the message is not sent then. */
  onUploadError?: (code: number, message: Message<T>) => void;
}

/** A file to send; made by `Helper.createSendFileMessageParams`. */
export class SendFileMessageParams extends SendMediaMessageParams<FileMessageContent> {}

/** A picture to send; made by `Helper.createSendImageMessageParams`. */
export class SendImageMessageParams extends SendMediaMessageParams<ImageMessageContent> {}

/** A moving picture to send; made by `Helper.createSendGIFMessageParams`. */
export class SendGIFMessageParams extends SendMediaMessageParams<GIFMessageContent> {}

/** A recording to send; made by `Helper.createSendHDVoiceMessageParams`. */
export class SendHDVoiceMessageParams extends SendMediaMessageParams<HDVoiceMessageContent> {}

/** A short video to send; made by `Helper.createSendShortVideoMessageParams`. */
export class SendShortVideoMessageParams extends SendMediaMessageParams<ShortVideoMessageContent> {}

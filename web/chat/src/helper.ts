/**
 * Help with making and reading messages: the `Helper` namespace.
 *
 * @module
 */

import { client } from './client.js';
import { NCCode } from './codes.js';
import type { FileType } from './engine.js';
import { ChannelType, SentStatus } from './enums.js';
import type { ChannelIdentifier } from './identifiers.js';
import { DirectChannelIdentifier } from './identifiers.js';
import type { Json } from './json.js';
import { fromWire, toWire } from './message/codec.js';
import type { CombineMessageContent, CombineMessageInfo, ReferenceMessageContent } from './message/content.js';
import { MessageType } from './message/content.js';
import { previewOf } from './message/media.js';
import { Message } from './message/message.js';
import type { SendMessageParams } from './message/params.js';
import {
  SendFileMessageParams,
  SendGIFMessageParams,
  SendHDVoiceMessageParams,
  SendImageMessageParams,
  SendMessageParams as Params,
  SendShortVideoMessageParams,
} from './message/params.js';
import { localMessage } from './message/send.js';
import type { FileUploadResult } from './message/upload.js';
import { NCResult } from './result.js';

/** What to upload. */
export interface CreateFileUploaderParams {
  /** The file. */
  file: File;
  /** Its kind. */
  fileType: FileType;
  /** Told how far the upload has come, in bytes. */
  onProgress?: (loaded: number, total: number) => void;
  /** `attachment` when a browser is to save the file rather than show it. */
  contentDisposition?: string;
}

/** An upload by itself, without a message. */
export class FileUploader {
  #abort = new AbortController();
  #result: Promise<NCResult<FileUploadResult>>;

  private constructor(params: CreateFileUploaderParams) {
    this.#result = this.#upload(params);
  }

  /** Begins an upload by the `uploader` that was given to `NCEngine.initialize`. */
  static create(params: CreateFileUploaderParams): NCResult<FileUploader> {
    if (client.params?.uploader === undefined) {
      return NCResult.fail(NCCode.NOT_AVAILABLE, 'uploading files: give NCEngine.initialize an `uploader`');
    }
    if (!params?.file) return NCResult.fail(NCCode.BAD_ARGUMENT, 'file is missing');
    if (params.file.size === 0) return NCResult.fail(NCCode.FILE_EMPTY, 'the file is empty');
    return NCResult.ok(new FileUploader(params));
  }

  /** The URL of the uploaded file, once it is. */
  result(): Promise<NCResult<FileUploadResult>> {
    return this.#result;
  }

  /** Stops the upload; its result is a failure then. */
  stop(): void {
    this.#abort.abort();
  }

  async #upload(params: CreateFileUploaderParams): Promise<NCResult<FileUploadResult>> {
    const { file, fileType, contentDisposition, onProgress } = params;
    const { signal } = this.#abort;
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
    try {
      const upload = client.params?.uploader?.({
        file,
        fileType,
        onProgress: (loaded, total) => client.protect('onProgress', () => onProgress?.(loaded, total)),
        signal,
        ...(contentDisposition === undefined ? {} : { contentDisposition }),
      });
      const uploaded = await Promise.race([upload, stopped]);
      if (!uploaded?.downloadUrl) return NCResult.fail(NCCode.UPLOAD_FAILED, 'the uploader answered no downloadUrl');
      return NCResult.ok({ downloadUrl: uploaded.downloadUrl });
    } catch (error) {
      const code = signal.aborted ? NCCode.CANCELLED : NCCode.UPLOAD_FAILED;
      return NCResult.fail(code, error instanceof Error ? error.message : String(error));
    }
  }
}

/** A message on this device only. Its direction follows from the sender, who is the current user by default. */
export function createMessage<T = Json>(
  identifier: ChannelIdentifier,
  params: SendMessageParams<T>,
  senderUserId?: string,
): Message<T> {
  return localMessage(identifier, params, senderUserId ?? client.userId, client.userId);
}

/** A picture, ready for `sendMediaMessage`. */
export async function createSendImageMessageParams(file: File): Promise<NCResult<SendImageMessageParams>> {
  const fault = fileFault(file);
  if (fault !== undefined) return fault;
  const { thumbnailBase64, thumbnailWidth, thumbnailHeight } = await previewOf(file);
  const size = thumbnailBase64 === '' ? {} : { thumWidth: thumbnailWidth, thumHeight: thumbnailHeight };
  const params = new SendImageMessageParams({ thumbnailBase64, remoteUrl: '', ...size }, MessageType.IMAGE);
  params.file = file;
  return NCResult.ok(params);
}

/** A moving picture, ready for `sendMediaMessage`. */
export async function createSendGIFMessageParams(file: File): Promise<NCResult<SendGIFMessageParams>> {
  const fault = fileFault(file);
  if (fault !== undefined) return fault;
  const { width, height } = await previewOf(file);
  const params = new SendGIFMessageParams({ dataSize: file.size, width, height, remoteUrl: '' }, MessageType.GIF);
  params.file = file;
  return NCResult.ok(params);
}

/** A file, ready for `sendMediaMessage`. */
export async function createSendFileMessageParams(file: File): Promise<NCResult<SendFileMessageParams>> {
  const fault = fileFault(file);
  if (fault !== undefined) return fault;
  const dot = file.name.lastIndexOf('.');
  const type = dot > 0 ? file.name.slice(dot + 1) : '';
  const params = new SendFileMessageParams({ name: file.name, size: file.size, type, remoteUrl: '' }, MessageType.FILE);
  params.file = file;
  return NCResult.ok(params);
}

/** A recording of so many seconds, ready for `sendMediaMessage`. */
export async function createSendHDVoiceMessageParams(
  file: File,
  duration: number,
): Promise<NCResult<SendHDVoiceMessageParams>> {
  const fault = fileFault(file);
  if (fault !== undefined) return fault;
  const params = new SendHDVoiceMessageParams({ remoteUrl: '', duration }, MessageType.HD_VOICE);
  params.file = file;
  return NCResult.ok(params);
}

/** A short video of so many seconds, ready for `sendMediaMessage`. */
export async function createSendShortVideoMessageParams(
  file: File,
  duration: number,
  thumbnailBase64 = '',
): Promise<NCResult<SendShortVideoMessageParams>> {
  const fault = fileFault(file);
  if (fault !== undefined) return fault;
  const content = { thumbnailBase64, remoteUrl: '', duration, name: file.name, size: file.size };
  const params = new SendShortVideoMessageParams(content, MessageType.SHORT_VIDEO);
  params.file = file;
  return NCResult.ok(params);
}

/** A message as one of those inside a combined message. */
export function wrapAsCombineMessageInfo(message: Message): CombineMessageInfo {
  return {
    fromUserId: message.senderUserId,
    channelId: message.channelIdentifier.channelId,
    timestamp: message.sentTime,
    objectName: message.messageType,
    content: toWire(message.messageType, message.content),
  };
}

/** The messages inside a combined message; none when they are in a file at its `remoteUrl`. */
export function unwrapCombineMessage(message: Message): Message[] {
  const content = message.content as Partial<CombineMessageContent>;
  return (content.msgList ?? []).map((info) => {
    const params = new Params<Json>(fromWire(info.objectName, contentOf(info)), info.objectName);
    const inner = createMessage(identifierFor(message, content, info), params, info.fromUserId);
    inner.sentTime = info.timestamp;
    inner.sentStatus = SentStatus.SENT;
    return inner;
  });
}

/** An answer that quotes a message. */
export function wrapAsReferenceMessageContent(message: Message, text: string): ReferenceMessageContent {
  return {
    text,
    referMsgSenderId: message.senderUserId,
    referMsgType: message.messageType,
    referMsg: message.content,
    ...(message.messageId === '' ? {} : { referMsgId: message.messageId }),
  };
}

/** The message that an answer quotes. */
export function unwrapReferenceMessage(message: Message): Message {
  const content = message.content as ReferenceMessageContent;
  const params = new Params<Json>(content.referMsg, content.referMsgType);
  const quoted = createMessage(message.channelIdentifier, params, content.referMsgSenderId);
  quoted.messageId = content.referMsgId ?? '';
  quoted.sentTime = 0;
  quoted.sentStatus = SentStatus.SENT;
  return quoted;
}

function contentOf(info: CombineMessageInfo): unknown {
  if (typeof info.content !== 'string') return info.content;
  try {
    return JSON.parse(info.content);
  } catch {
    return info.content;
  }
}

function identifierFor(
  message: Message,
  content: Partial<CombineMessageContent>,
  info: CombineMessageInfo,
): ChannelIdentifier {
  if (content.channelType === ChannelType.DIRECT && info.channelId) return new DirectChannelIdentifier(info.channelId);
  return message.channelIdentifier;
}

function fileFault(file: File): NCResult<never> | undefined {
  if (!(file instanceof Blob)) return NCResult.fail(NCCode.BAD_ARGUMENT, 'file is not a File');
  if (file.size === 0) return NCResult.fail(NCCode.FILE_EMPTY, 'the file is empty');
  return undefined;
}

/**
 * From what a program wants to send to what the core sends.
 *
 * @module
 */

import type { Client } from '../client.js';
import { NCCode } from '../codes.js';
import { nextClientId } from '../core/records.js';
import { FileType } from '../engine.js';
import { ChannelType, MessageDirection, SentStatus } from '../enums.js';
import type { ModifyMessageParams } from '../channel/queries.js';
import { ChannelIdentifier, channelKey } from '../identifiers.js';
import type { Json } from '../json.js';
import { badArgument, channelFault, notAvailable } from '../not-available.js';
import { NCResult } from '../result.js';
import { encodeContent, messageTypeInfo, remoteUrlField } from './codec.js';
import { MessageType } from './content.js';
import { messageOf } from './convert.js';
import { Message } from './message.js';
import type { PushConfig, SendMediaMessageParams, SendMessageParams } from './params.js';
import type { PushOptions } from '../core/api.js';

/** Bytes of the largest content. */
const CONTENT_BYTES = 128 * 1024;

/** A message that exists on this device only. */
export function localMessage<T>(
  identifier: ChannelIdentifier,
  params: SendMessageParams<T>,
  senderUserId: string,
  currentUserId: string,
): Message<T> {
  const { isPersisted, isCounted, isStatusMessage } = messageTypeInfo(params.messageType);
  const now = Date.now();
  return new Message<T>({
    clientId: nextClientId(now),
    sentTime: now,
    direction: senderUserId === currentUserId ? MessageDirection.SEND : MessageDirection.RECEIVE,
    content: params.content,
    messageType: params.messageType,
    senderUserId,
    channelIdentifier: identifier,
    sentStatus: SentStatus.SENDING,
    isPersisted,
    isCounted,
    isStatusMessage,
    needReceipt: params.needReceipt ?? false,
    sentReceipt: false,
    ...(params.directedUserIds === undefined ? {} : { directedUserIds: params.directedUserIds }),
  });
}

/** Sends a message that has all it needs. */
export async function sendPlain<T>(
  client: Client,
  identifier: ChannelIdentifier,
  params: SendMessageParams<T>,
): Promise<NCResult<Message<T>>> {
  const fault = sendFault(identifier, params);
  if (fault !== undefined) return fault;
  const { messageType, needReceipt = false } = params;
  const { isCounted, isStatusMessage } = messageTypeInfo(messageType);
  const content = encodeContent(messageType, params.content);
  const tooLarge = sizeFault(content);
  if (tooLarge !== undefined) return tooLarge;
  const answer = await client.call('send', {
    channel: channelKey(identifier),
    clientId: params.clientId ?? nextClientId(Date.now()),
    type: messageType,
    content,
    transient: isStatusMessage,
    counted: isCounted,
    needsReceipt: needReceipt,
    ...(params.directedUserIds?.length ? { toUserIds: params.directedUserIds } : {}),
    ...(params.pushConfig === undefined ? {} : { push: pushOptions(params.pushConfig) }),
  });
  if (!answer.isOk || answer.data === undefined) return answer.wipe();
  return NCResult.ok(messageOf(answer.data) as Message<T>);
}

/** Uploads the file of a message, then sends it. */
export async function sendMedia<T>(
  client: Client,
  identifier: ChannelIdentifier,
  params: SendMediaMessageParams<T>,
): Promise<NCResult<Message<T>>> {
  const fault = sendFault(identifier, params);
  if (fault !== undefined) return fault;
  const { file, messageType } = params;
  if (file === undefined) return sendPlain(client, identifier, params);
  const uploader = client.params?.uploader;
  if (uploader === undefined) return notAvailable('uploading files (give NCEngine.initialize an `uploader`)');
  const message = localMessage(identifier, params, client.userId, client.userId);
  try {
    const { downloadUrl } = await uploader({
      file,
      fileType: fileTypeOf(messageType),
      onProgress: (loaded, total) => {
        const percent = total > 0 ? Math.min(100, Math.round((loaded / total) * 100)) : 0;
        client.protect('onUploadProgress', () => params.onUploadProgress?.(percent, message));
      },
      signal: new AbortController().signal,
    });
    const content: Json = { ...(params.content as Json), [remoteUrlField(messageType)]: downloadUrl };
    params.content = content as T;
    message.content = content as T;
    client.protect('onUploadComplete', () => params.onUploadComplete?.(downloadUrl, message));
  } catch (error) {
    client.protect('onUploadError', () => params.onUploadError?.(NCCode.UPLOAD_FAILED, message));
    return NCResult.fail(NCCode.UPLOAD_FAILED, `upload: ${error instanceof Error ? error.message : String(error)}`);
  }
  return sendPlain(client, identifier, params);
}

/** Gives a message another content. How that travels depends on the message's type. */
export async function editMessage<T>(client: Client, params: ModifyMessageParams<T>): Promise<NCResult<Message<T>>> {
  const { channelIdentifier, messageId, content } = params ?? {};
  if (!(channelIdentifier instanceof ChannelIdentifier)) return badArgument('channelIdentifier is missing');
  if (typeof messageId !== 'string' || messageId === '') return NCResult.fail(34203, 'messageId is missing');
  if (typeof content !== 'object' || content === null) return badArgument('content is not an object');
  const fault = channelFault(channelIdentifier);
  if (fault !== undefined) return fault;
  const channel = channelKey(channelIdentifier);
  const found = await client.call('lookUp', { channel, messageId });
  if (!found.isOk) return found.wipe();
  if (found.data === undefined) return NCResult.fail(NCCode.MESSAGE_NOT_FOUND, `there is no message ${messageId} here`);
  const text = encodeContent(found.data.type, content);
  const tooLarge = sizeFault(text);
  if (tooLarge !== undefined) return tooLarge;
  const answer = await client.call('edit', { channel, messageId, content: text });
  if (!answer.isOk || answer.data === undefined) return answer.wipe();
  return NCResult.ok(messageOf(answer.data) as Message<T>);
}

/** How a message is pushed, as it travels. What the server does not know by name goes along as JSON. */
function pushOptions(config: PushConfig): PushOptions {
  const { disableNotification, disablePushTitle, pushTitle, pushContent, pushData, forceShowDetailContent, ...rest } = config;
  return {
    disabled: disableNotification ?? false,
    noTitle: disablePushTitle ?? false,
    title: pushTitle ?? '',
    content: pushContent ?? '',
    data: pushData ?? '',
    forceContent: forceShowDetailContent ?? false,
    ext: Object.keys(rest).length === 0 ? '' : JSON.stringify(rest),
  };
}

function sizeFault(content: string): NCResult<never> | undefined {
  const bytes = new TextEncoder().encode(content).length;
  if (bytes <= CONTENT_BYTES) return undefined;
  return NCResult.fail(NCCode.TOO_LARGE, `the content has ${bytes} bytes, at most ${CONTENT_BYTES} are allowed`);
}

function sendFault<T>(identifier: ChannelIdentifier, params: SendMessageParams<T>): NCResult<never> | undefined {
  if (typeof params?.messageType !== 'string' || params.messageType === '') return badArgument('params has no messageType');
  if (identifier.channelType === ChannelType.SYSTEM) return NCResult.fail(20109, 'system channels cannot be written to');
  return channelFault(identifier);
}

function fileTypeOf(messageType: string): FileType {
  switch (messageType) {
    case MessageType.IMAGE:
    case MessageType.GIF:
      return FileType.IMAGE;
    case MessageType.HD_VOICE:
      return FileType.AUDIO;
    case MessageType.SHORT_VIDEO:
      return FileType.SHORT_VIDEO;
    default:
      return FileType.FILE;
  }
}

import type { MessageRecord } from '../core/api.js';
import { MessageDirection } from '../enums.js';
import { identifierOf } from '../identifiers.js';
import { decodeContent, messageTypeInfo } from './codec.js';
import { Message } from './message.js';

/** A message as programs see it. */
export function messageOf(record: MessageRecord): Message {
  const { isPersisted, isStatusMessage } = messageTypeInfo(record.type);
  return new Message({
    messageId: record.messageId,
    clientId: record.clientId,
    sentTime: record.sentAt,
    receivedTime: record.receivedAt,
    direction: record.mine ? MessageDirection.SEND : MessageDirection.RECEIVE,
    content: decodeContent(record.type, record.content),
    messageType: record.type,
    senderUserId: record.senderId,
    channelIdentifier: identifierOf(record.channel),
    sentStatus: record.status,
    isPersisted,
    isCounted: record.counted,
    isStatusMessage: record.transient || isStatusMessage,
    needReceipt: record.needsReceipt,
    sentReceipt: record.read ?? false,
    hasChanged: record.editedAt > 0,
    ...(record.toUserIds === undefined ? {} : { directedUserIds: record.toUserIds }),
    ...(record.failureCode === undefined ? {} : { failureCode: record.failureCode }),
  });
}

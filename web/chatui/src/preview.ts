/**
 * Messages in one line, and what a user may do with them.
 *
 * @module
 */

import type { Message } from '@nuncio/chat';
import { MessageType } from '@nuncio/chat';
import { isMine } from './conversation.js';
import { groupOfChannel } from './conversation-key.js';
import { groupNotice } from './group-notice.js';
import { text } from './texts.js';
import { userInfo } from './user-info.js';

/** The text of a message that has one, or an empty text. Contents come from others, so nothing is taken for granted. */
export function messageText(message: Message): string {
  const content = message.content as { text?: unknown } | null | undefined;
  return typeof content?.text === 'string' ? content.text : '';
}

/** What a message says in one line. */
export function preview(message: Message): string {
  switch (message.messageType) {
    case MessageType.TEXT:
    case MessageType.REFERENCE:
    case MessageType.STREAM:
      return messageText(message);
    case MessageType.IMAGE:
    case MessageType.GIF:
      return text('message.image');
    case MessageType.SHORT_VIDEO:
      return text('message.video');
    case MessageType.VOICE:
    case MessageType.HD_VOICE:
      return text('message.voice');
    case MessageType.FILE:
      return stringOf(message, 'name') || text('message.file');
    case MessageType.LOCATION:
      return stringOf(message, 'poiName') || text('message.location');
    case MessageType.COMBINE:
    case MessageType.COMBINE_V1:
      return text('message.combined', Number((message.content as { msgNum?: number } | null)?.msgNum ?? 0));
    case MessageType.INFORMATION_NOTIFICATION:
      return stringOf(message, 'message');
    case MessageType.GROUP_NOTIFICATION:
      return groupNotice(message) ?? stringOf(message, 'message');
    case MessageType.RICH_CONTENT:
      return stringOf(message, 'title');
    case MessageType.RECALL_NOTIFICATION:
      return isMine(message) ? text('message.recalled.mine') : text('message.recalled.other', senderName(message));
    default:
      return messageText(message) || text('message.other', message.messageType);
  }
}

/** The name to show for who wrote a message, in the group where it was written. */
export function senderName({ channelIdentifier, senderUserId }: Message): string {
  return userInfo.displayName(senderUserId, groupOfChannel(channelIdentifier));
}

/** A member of a message's content that is a text. */
export function stringOf(message: Message, member: string): string {
  const value = (message.content as Record<string, unknown> | null | undefined)?.[member];
  return typeof value === 'string' ? value : '';
}

/** Whether a message is a grey notice rather than somebody's words. */
export function isNotice(message: Message): boolean {
  const notices: string[] = [MessageType.RECALL_NOTIFICATION, MessageType.INFORMATION_NOTIFICATION, MessageType.GROUP_NOTIFICATION];
  return notices.includes(message.messageType);
}

/**
 * Mentions: finding the one that is being typed, and saying whom a finished text mentions.
 *
 * @module
 */

import type { MentionedInfo, Message } from '@nuncio/chat';
import { MentionedType } from '@nuncio/chat';

/** Members that one message may mention by name. */
export const MOST_MENTIONS = 200;
/** Characters after an `@` that may still be a name. */
const LONGEST = 64;

/** Somebody chosen in the composer. */
export interface Mention {
  /** Who; empty for everybody. */
  userId: string;
  /** What stands in the text for them, with its `@`. */
  shown: string;
}

/** Where a mention is being typed: the place of its `@`, and what follows up to the cursor. */
export interface Typed {
  /** Index of the `@`. */
  start: number;
  /** The text after it. */
  query: string;
}

/** The mention that is being typed before the cursor, if there is one. An `@` inside a word, as in addresses, is none. */
export function typedMention(line: string, cursor: number): Typed | undefined {
  const before = line.slice(0, cursor);
  const start = before.lastIndexOf('@');
  if (start < 0 || cursor - start > LONGEST) return undefined;
  const query = before.slice(start + 1);
  if (/[\p{L}\p{N}_]$/u.test(before.slice(0, start)) || /[\n@]/.test(query) || query.startsWith(' ')) return undefined;
  return { start, query };
}

/** Whom a text mentions, of those who were chosen while it was written: those whose names still stand in it. */
export function mentionedBy(line: string, chosen: readonly Mention[]): MentionedInfo | undefined {
  const kept = chosen.filter(({ shown }) => line.includes(shown));
  if (kept.some(({ userId }) => userId === '')) return { type: MentionedType.ALL };
  const userIdList = [...new Set(kept.map(({ userId }) => userId))].slice(0, MOST_MENTIONS);
  return userIdList.length === 0 ? undefined : { type: MentionedType.USERS, userIdList };
}

/** Whether a message mentions a user, or everybody. Contents come from others, so nothing is taken for granted. */
export function mentionsUser(message: Message, userId: string): boolean {
  const info = (message.content as { mentionedInfo?: Partial<MentionedInfo> | null } | null | undefined)?.mentionedInfo;
  if (typeof info !== 'object' || info === null) return false;
  return info.type === MentionedType.ALL || (Array.isArray(info.userIdList) && info.userIdList.includes(userId));
}

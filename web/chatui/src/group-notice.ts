/**
 * What happened to a group, in words and in the reader's language, from the notices in its channel.
 *
 * @module
 */

import type { Message } from '@nuncio/chat';
import { NCEngine } from '@nuncio/chat';
import { groupOfChannel } from './conversation-key.js';
import type { TextKey } from './texts.js';
import { text } from './texts.js';
import { userInfo } from './user-info.js';

/** Members that are named in one notice; the rest are counted. */
const NAMED = 5;

/** Operations whose notice names who it is about: `{0}` did it, `{1}` they are. */
const ABOUT: Readonly<Record<string, { by: TextKey; alone: TextKey }>> = {
  Add: { by: 'notice.add', alone: 'notice.joined' },
  Quit: { by: 'notice.quit', alone: 'notice.quit' },
  Kicked: { by: 'notice.kicked', alone: 'notice.kicked.alone' },
  TransferOwner: { by: 'notice.owner', alone: 'notice.owner.alone' },
  AddAdmin: { by: 'notice.admin', alone: 'notice.admin.alone' },
  RemoveAdmin: { by: 'notice.admin.no', alone: 'notice.admin.no.alone' },
};

/** Operations about the group itself: `{0}` did it, or nobody who is known. */
const WHOLE: Readonly<Record<string, { by: TextKey; alone: TextKey }>> = {
  Create: { by: 'notice.create', alone: 'notice.create.alone' },
  Dismiss: { by: 'notice.dismiss', alone: 'notice.dismiss.alone' },
  Rename: { by: 'notice.rename', alone: 'notice.rename.alone' },
  Bulletin: { by: 'notice.bulletin', alone: 'notice.bulletin.alone' },
  MuteAll: { by: 'notice.freeze', alone: 'notice.freeze.alone' },
  UnmuteAll: { by: 'notice.unfreeze', alone: 'notice.unfreeze.alone' },
};

/** What a notice says; `undefined` for an operation that is not known here, or contents that are not a notice's. */
export function groupNotice(message: Message): string | undefined {
  const { operatorUserId, operation, data } = (message.content ?? {}) as Record<string, unknown>;
  if (typeof operation !== 'string') return undefined;
  const details = parsed(data);
  const groupId = groupOfChannel(message.channelIdentifier);
  const operator = typeof operatorUserId === 'string' ? operatorUserId : '';
  const by = operator === '' ? '' : nameOf(operator, groupId, text('me'));
  const about = ABOUT[operation];
  if (about !== undefined) {
    const ids = texts(details['targetUserIds']);
    if (ids.length === 0) return undefined;
    const count = Number(details['targetCount']);
    const alone = operator === '' || (ids.length === 1 && ids[0] === operator);
    const you = text(alone ? 'me' : 'notice.you');
    const whom = listed(ids, texts(details['targetUserDisplayNames']), groupId, Number.isInteger(count) ? count : ids.length, you);
    return alone ? text(about.alone, whom) : text(about.by, by, whom);
  }
  const whole = WHOLE[operation];
  if (whole === undefined) return undefined;
  const name = typeof details['targetGroupName'] === 'string' ? details['targetGroupName'] : '';
  return operator === '' ? text(whole.alone, name) : text(whole.by, by, name);
}

/** Names, or what the notice called those whom nothing is known of any more. */
function listed(ids: readonly string[], names: readonly string[], groupId: string, count: number, you: string): string {
  const shown = ids.slice(0, NAMED).map((id, index) => {
    const name = nameOf(id, groupId, you);
    return name === id ? names[index] || id : name;
  });
  const more = Math.max(count, ids.length) - shown.length;
  return more > 0 ? text('notice.more', shown.join(', '), more) : shown.join(', ');
}

function nameOf(userId: string, groupId: string, you: string): string {
  return userId === NCEngine.getCurrentUserId() ? you : userInfo.displayName(userId, groupId);
}

function parsed(data: unknown): Record<string, unknown> {
  if (typeof data !== 'string') return {};
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/**
 * Conversations by one text: a user's id, or `group:` and a group's id. Ids hold no colon, so the two never meet.
 *
 * @module
 */

import type { ChannelIdentifier } from '@nuncio/chat';
import { ChannelType, DirectChannelIdentifier, GroupChannelIdentifier } from '@nuncio/chat';

const GROUP = 'group:';

/** The key of the conversation in a group. */
export function groupKey(groupId: string): string {
  return `${GROUP}${groupId}`;
}

/** The key of the conversation in a channel. */
export function keyOf({ channelType, channelId }: ChannelIdentifier): string {
  return channelType === ChannelType.GROUP ? groupKey(channelId) : channelId;
}

/** The group whose conversation has this key; empty for a conversation with one user. */
export function groupIdOf(key: string): string {
  return key.startsWith(GROUP) ? key.slice(GROUP.length) : '';
}

/** The channel of the conversation that has this key. */
export function identifierOf(key: string): ChannelIdentifier {
  const groupId = groupIdOf(key);
  return groupId === '' ? new DirectChannelIdentifier(key) : new GroupChannelIdentifier(groupId);
}

/** The group in which something was written; empty for a direct channel. */
export function groupOfChannel(identifier: ChannelIdentifier | undefined): string {
  return identifier?.channelType === ChannelType.GROUP ? identifier.channelId : '';
}

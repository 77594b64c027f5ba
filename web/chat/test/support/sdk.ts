/**
 * Fresh copies of the SDK, each with its own engine, and the events that they tell.
 *
 * @module
 */

import { vi } from 'vitest';
import type * as Sdk from '../../src/index.js';

export type Chat = typeof Sdk;

/** A copy with an engine of its own. */
export async function freshSdk(): Promise<Chat> {
  vi.resetModules();
  return import('../../src/index.js');
}

/** What a program heard. */
export interface Heard {
  statuses: { status: number; code?: number; msg?: string; until?: number; reason?: string }[];
  messages: Sdk.Message[];
  names: string[];
  events: Record<string, unknown[]>;
}

/** Registers handlers of all kinds and collects what they hear. */
export function listen(sdk: Chat): Heard {
  const heard: Heard = { statuses: [], messages: [], names: [], events: {} };
  const note = (name: string) => (event: unknown) => {
    heard.names.push(name);
    (heard.events[name] ??= []).push(event);
  };
  const { NCEngine } = sdk;
  NCEngine.addConnectionStatusHandler('test', new sdk.ConnectionStatusHandler({
    onConnectionStatusChanged(event) {
      heard.names.push(sdk.ConnectionStatus[event.status] as string);
      heard.statuses.push(event);
    },
  }));
  NCEngine.addMessageHandler('test', new sdk.MessageHandler({
    onMessageReceived(event) {
      note('messages')(event);
      heard.messages.push(...event.messages);
    },
    onMessageDeleted: note('deleted'),
    onMessagesModified: note('modified'),
    onMessageReceiptResponse: note('receipts'),
    onOfflineMessageSyncCompleted: note('offlineSynced'),
  }));
  NCEngine.addChannelHandler('test', new sdk.ChannelHandler({
    onChannelsSyncComplete: note('channelsSynced'),
    onChannelUnreadStatusSync: note('unreadSync'),
    onChannelPinnedSync: note('pinnedSync'),
    onChannelNoDisturbLevelSync: note('levelSync'),
    onTypingStatusChanged: note('typing'),
  }));
  NCEngine.addUserHandler('test', new sdk.UserHandler({
    onFriendAdd: note('friendAdd'),
    onFriendRemove: note('friendRemove'),
    onFriendCleared: note('friendCleared'),
    onFriendApplicationStatusChanged: note('application'),
    onFriendInfoChangedSync: note('friendInfo'),
    onSubscriptionChanged: note('subscription'),
    onSubscriptionChangedOnOtherDevices: note('subscribedElsewhere'),
    onMyUserProfileChanged: note('myProfile'),
    onBlocklistChanged: note('blocklist'),
  }));
  NCEngine.addGroupChannelHandler('test', new sdk.GroupChannelHandler({
    onGroupOperation: note('groupOperation'),
    onGroupInfoChanged: note('groupInfo'),
    onGroupMemberInfoChanged: note('groupMember'),
    onGroupApplicationEvent: note('groupApplication'),
    onGroupFavoritesChangedSync: note('groupFavorites'),
    onGroupRemarkChangedSync: note('groupRemark'),
    onGroupFrozenChanged: note('groupFrozen'),
    onGroupMuteChanged: note('groupMute'),
    onGroupAllowedSendersChanged: note('groupAllowed'),
  }));
  return heard;
}

/** Waits until something is so. */
export async function until(what: () => boolean, limitMs = 30_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!what()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits a moment, for things that must not happen. */
export function moment(ms = 60): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

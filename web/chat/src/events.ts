/**
 * From the core's events to the program's handlers.
 *
 * @module
 */

import type { Client, Handlers } from './client.js';
import type { ChannelChange, CoreEvent } from './core/api.js';
import { SubscribeOperationType, SubscribeType } from './enums.js';
import { FriendEvent_Kind } from './gen/nuncio/v1/message_pb.js';
import type { FriendEvent } from './gen/nuncio/v1/message_pb.js';
import type {
  ChannelHandlerParams,
  ConnectionStatusChangedEvent,
  ConnectionStatusHandlerParams,
  MessageHandlerParams,
  GroupChannelHandlerParams,
  TagHandlerParams,
  UserHandlerParams,
} from './handlers.js';
import { tellGroup } from './group-events.js';
import { identifierOf } from './identifiers.js';
import { messageOf } from './message/convert.js';
import { applicationOf, friendOf, presenceOf, profileOf } from './user/convert.js';

interface CallbacksOf {
  connection: ConnectionStatusHandlerParams;
  message: MessageHandlerParams;
  channel: ChannelHandlerParams;
  user: UserHandlerParams;
  group: GroupChannelHandlerParams;
  tag: TagHandlerParams;
}

/** Calls the handlers that an event concerns. */
export function dispatch(client: Client, event: CoreEvent): void {
  switch (event.kind) {
    case 'status': {
      const { status, failure } = event;
      const change: ConnectionStatusChangedEvent = { status };
      if (failure) Object.assign(change, { code: failure.code, msg: failure.message });
      if (failure?.until !== undefined) change.until = failure.until;
      if (failure?.reason !== undefined) change.reason = failure.reason;
      return each(client, 'connection', (on) => on.onConnectionStatusChanged?.(change));
    }
    case 'channelsSynced':
      each(client, 'channel', (on) => on.onChannelsSyncComplete?.({ code: 0 }));
      each(client, 'channel', (on) => on.onChannelStatusSyncCompleted?.({ code: 0 }));
      return;
    case 'offlineSynced':
      each(client, 'message', (on) => on.onOfflineMessageSyncCompleted?.({ code: 0 }));
      for (const type of [SubscribeType.ONLINE_STATUS, SubscribeType.USER_PROFILE]) {
        each(client, 'user', (on) => on.onSubscriptionSyncCompleted?.({ type }));
      }
      return;
    case 'messages':
      return each(client, 'message', (on) => on.onMessageReceived?.({ messages: event.messages.map(messageOf) }));
    case 'edited':
      return each(client, 'message', (on) => on.onMessagesModified?.({ messages: event.messages.map(messageOf) }));
    case 'recalled': {
      const messages = event.messages.map(({ channel, messageId, at }) => ({
        channelIdentifier: identifierOf(channel),
        messageId,
        operationTime: at,
      }));
      return each(client, 'message', (on) => on.onMessageDeleted?.({ messages }));
    }
    case 'tags':
      if (event.tags) each(client, 'tag', (on) => on.onTagChanged?.());
      if (event.channels) each(client, 'tag', (on) => on.onChannelTagChanged?.());
      return;
    case 'groupReceipts': {
      const channelIdentifier = identifierOf(event.channel);
      const responses = event.receipts.map((receipt) => ({ channelIdentifier, ...receipt, totalCount: receipt.readCount + receipt.unreadCount }));
      return each(client, 'message', (on) => on.onMessageReceiptResponse?.({ responses }));
    }
    case 'receipts': {
      const responses = event.receipts.map(({ channel, messageId, readerId, at }) => ({
        channelIdentifier: identifierOf(channel),
        messageId,
        readCount: 1,
        unreadCount: 0,
        totalCount: 1,
        users: [{ userId: readerId, timestamp: at }],
      }));
      return each(client, 'message', (on) => on.onMessageReceiptResponse?.({ responses }));
    }
    case 'channel':
      return tellChannel(client, event.channel, event.change);
    case 'typing': {
      const userTypingStatus = event.users.map(({ userId, type, at }) => ({
        userId,
        typingMessageType: type,
        sentTime: at,
      }));
      const channelIdentifier = identifierOf(event.channel);
      return each(client, 'channel', (on) => on.onTypingStatusChanged?.({ channelIdentifier, userTypingStatus }));
    }
    case 'friend':
      return tellFriend(client, event.event, event.at);
    case 'group':
      return each(client, 'group', (on) => tellGroup(on, event.event, event.at));
    case 'profile': {
      const userProfile = profileOf(event.profile);
      const { userId = '' } = userProfile;
      if (userId === client.userId) {
        const change = { profile: userProfile, operationTime: event.at };
        return each(client, 'user', (on) => on.onMyUserProfileChanged?.(change));
      }
      const details = [{ eventValue: 1, changeTime: event.at, platform: 'other' }];
      const subscribeType = event.friend ? SubscribeType.FRIEND_USER_PROFILE : SubscribeType.USER_PROFILE;
      const events = [{ userId, subscribeType, subscribeTime: 0, expiry: 0, userProfile, details }];
      return each(client, 'user', (on) => on.onSubscriptionChanged?.({ events }));
    }
    case 'presence': {
      const events = event.states.map((state) => presenceOf(state));
      return each(client, 'user', (on) => on.onSubscriptionChanged?.({ events }));
    }
    case 'subscriptions': {
      const events = event.subscriptions.map(({ userId, type, subscribedAt, expiresAt }) => ({
        userId,
        subscribeType: type as number,
        operationType: expiresAt > 0n ? SubscribeOperationType.SUBSCRIBE : SubscribeOperationType.UNSUBSCRIBE,
        subscribeTime: Number(subscribedAt),
        expiry: expiresAt > 0n ? Math.round(Number(expiresAt - subscribedAt) / 1_000) : 0,
      }));
      return each(client, 'user', (on) => on.onSubscriptionChangedOnOtherDevices?.({ events }));
    }
    case 'blocklist': {
      const { added, removed } = event;
      return each(client, 'user', (on) => on.onBlocklistChanged?.({ added, removed }));
    }
  }
}

function tellChannel(client: Client, channel: string, change: ChannelChange): void {
  const channelIdentifier = identifierOf(channel);
  each(client, 'channel', (on) => {
    switch (change.kind) {
      case 'read':
        return on.onChannelUnreadStatusSync?.({ channelIdentifier, timestamp: change.at });
      case 'pinned':
        return on.onChannelPinnedSync?.({ channelIdentifier, isPinned: change.pinned });
      case 'level':
        return on.onChannelNoDisturbLevelSync?.({ channelIdentifier, level: change.level });
    }
  });
}

function tellFriend(client: Client, event: FriendEvent, operationTime: number): void {
  const { kind, userIds, friend, application } = event;
  each(client, 'user', (on) => {
    switch (kind) {
      case FriendEvent_Kind.APPLICATION_CHANGED: {
        if (application === undefined) return;
        const { userId, applicationType, applicationStatus, extra } = applicationOf(application);
        return on.onFriendApplicationStatusChanged?.({ userId, applicationType, applicationStatus, operationTime, extra });
      }
      case FriendEvent_Kind.ADDED: {
        const { name = '', portraitUri = '' } = friend ? friendOf(friend) : {};
        for (const userId of friend ? [friend.userId] : userIds) {
          on.onFriendAdd?.({ userId, name, portraitUri, operationTime });
        }
        return;
      }
      case FriendEvent_Kind.REMOVED:
        on.onFriendRemove?.({ userIds, operationTime });
        return on.onFriendDelete?.({ userIds, operationTime });
      case FriendEvent_Kind.CLEARED:
        return on.onFriendCleared?.({ operationTime });
      case FriendEvent_Kind.INFO_CHANGED: {
        if (friend === undefined) return;
        const { userId, remark, extProfile } = friendOf(friend);
        return on.onFriendInfoChangedSync?.({ userId, remark, extProfile, operationTime });
      }
    }
  });
}

function each<K extends keyof CallbacksOf>(client: Client, kind: K, call: (on: CallbacksOf[K]) => void): void {
  const handlers = client.handlers[kind] as Handlers[K] as Map<string, { callbacks: CallbacksOf[K] }>;
  // A copy, because a callback may add or remove handlers.
  for (const [id, handler] of [...handlers]) client.protect(`the handler ${id}`, () => call(handler.callbacks));
}

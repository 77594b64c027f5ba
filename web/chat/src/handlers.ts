import type {
  ChannelNoDisturbLevel,
  ConnectionStatus,
  FriendApplicationStatus,
  FriendApplicationType,
  GroupOperation,
  MessageBlockType,
  SpeechToTextStatus,
  SubscribeOperationType,
  SubscribeType,
  TranslateStrategy,
} from './enums.js';
import type { GroupApplicationInfo, GroupInfo, GroupMemberInfo } from './channel/group-types.js';
import type { ChannelIdentifier } from './identifiers.js';
import type { Json } from './json.js';
import type { Message } from './message/message.js';
import type { SubscribeStatusInfo, UserProfile } from './user/types.js';

/** Keeps the callbacks that a program hands over. */
class Handler<C> {
  /** The callbacks, called with one event object each. */
  readonly callbacks: C;

  /** Every callback is optional. */
  constructor(callbacks: C) {
    this.callbacks = callbacks;
  }
}

/** The connection's status changed. */
export interface ConnectionStatusChangedEvent {
  /** The new status. */
  status: ConnectionStatus;
  /** Why, for DISCONNECTED and SUSPENDED. */
  code?: number;
  /** The same in words. */
  msg?: string;
  /** Of a ban: when it ends, Unix time in milliseconds. */
  until?: number;
  /** Of a ban: the operator's reason. */
  reason?: string;
}

/** Callbacks about the connection. */
export interface ConnectionStatusHandlerParams {
  /** The status changed. */
  onConnectionStatusChanged?(event: ConnectionStatusChangedEvent): void;
}

/** Hears about the connection. */
export class ConnectionStatusHandler extends Handler<ConnectionStatusHandlerParams> {}

/** Names one message. */
export interface MessageIdentifier {
  /** Where it is. */
  channelIdentifier: ChannelIdentifier;
  /** The server's id. */
  messageId: string;
}

/** Who has read one message. */
export interface MessageReadReceiptInfo extends MessageIdentifier {
  /** How many have. */
  readCount: number;
  /** How many have not. */
  unreadCount: number;
  /** How many can. */
  totalCount: number;
}

/** A reader. */
export interface MessageReadReceiptUser {
  /** Who. */
  userId: string;
  /** When, Unix time in milliseconds. */
  timestamp: number;
}

/** Somebody has read a message. */
export interface MessageReadReceiptResponse extends MessageReadReceiptInfo {
  /** Those who have just read it. */
  users?: MessageReadReceiptUser[];
}

/** A message was recalled. */
export interface MessageDeletedInfo extends MessageIdentifier {
  /** When, Unix time in milliseconds. */
  operationTime: number;
}

/** Messages arrived, or were sent from another of the user's clients. */
export interface MessageReceivedEvent {
  /** In the order of the inbox. */
  messages: Message[];
}

/** Messages were recalled. */
export interface MessageDeletedEvent {
  /** Which. */
  messages: MessageDeletedInfo[];
}

/** Messages were edited. */
export interface MessagesModifiedEvent {
  /** As they are now. */
  messages: Message[];
}

/** Own messages were read. */
export interface MessageReceiptResponseEvent {
  /** One for each message. */
  responses: MessageReadReceiptResponse[];
}

/** Everything that happened while this device was away is here. */
export interface OfflineMessageSyncCompletedEvent {
  /** 0 when all went well. */
  code?: number;
}

/** A voice message's text. */
export interface SpeechToTextInfo {
  /** The text. */
  text: string;
  /** How far it has come. */
  status?: SpeechToTextStatus;
  /** Whether the user wants to see it. */
  isVisible?: boolean;
}

/** A voice message was transcribed. */
export interface SpeechToTextCompletedEvent {
  /** 0 when it could be. */
  code: number;
  /** Which message. */
  messageId: string;
  /** The text. */
  info?: SpeechToTextInfo;
}

/** Which message was blocked, and by what. */
export interface MessageBlockedInfo extends MessageIdentifier {
  /** Which filter it was. */
  blockType: MessageBlockType;
  /** What the filter added. */
  extra?: string;
}

/** A message was blocked by a filter. */
export interface MessageBlockedEvent {
  /** Which, and by what. */
  info: MessageBlockedInfo;
}

/** A step of a message that arrives bit by bit. */
export interface StreamMessageEvent {
  /** Which message. */
  messageId: string;
  /** The text that came. */
  text?: string;
  /** 0, or why it stopped. */
  code?: number;
}

/** Callbacks about messages. */
export interface MessageHandlerParams {
  /** Messages arrived. */
  onMessageReceived?(event: MessageReceivedEvent): void;
  /** Messages were recalled. */
  onMessageDeleted?(event: MessageDeletedEvent): void;
  /** Messages were edited. */
  onMessagesModified?(event: MessagesModifiedEvent): void;
  /** Own messages were read. */
  onMessageReceiptResponse?(event: MessageReceiptResponseEvent): void;
  /** Fires once after each connecting, when everything missed has been handed over. */
  onOfflineMessageSyncCompleted?(event: OfflineMessageSyncCompletedEvent): void;
  /** A voice message was transcribed. */
  onSpeechToTextCompleted?(event: SpeechToTextCompletedEvent): void;
  /** Pairs of community messages changed. */
  onCommunityChannelMessageMetadataChanged?(event: MessagesModifiedEvent): void;
  /** Pairs of a message changed. */
  onMessageMetadataUpdated?(event: { message: Message; metadata: Record<string, Json> }): void;
  /** Pairs of a message were removed. */
  onMessageMetadataDeleted?(event: { message: Message; keys: string[] }): void;
  /** A filter blocked a message. */
  onMessageBlocked?(event: MessageBlockedEvent): void;
  /** A message begins to arrive bit by bit. */
  onStreamMessageRequestInit?(event: StreamMessageEvent): void;
  /** A bit arrived. */
  onStreamMessageRequestDelta?(event: StreamMessageEvent): void;
  /** The last bit arrived. */
  onStreamMessageRequestComplete?(event: StreamMessageEvent): void;
}

/** Hears about messages. */
export class MessageHandler extends Handler<MessageHandlerParams> {}

/** A channel's unread count was cleared on another client. */
export interface ChannelUnreadStatusSyncEvent {
  /** Which channel. */
  channelIdentifier: ChannelIdentifier;
  /** When, Unix time in milliseconds. */
  timestamp?: number;
}

/** A channel was pinned or unpinned on another client. */
export interface ChannelPinnedSyncEvent {
  /** Which channel. */
  channelIdentifier: ChannelIdentifier;
  /** Whether it is pinned now. */
  isPinned: boolean;
}

/** A channel's no-disturb level was changed on another client. */
export interface ChannelNoDisturbLevelSyncEvent {
  /** Which channel. */
  channelIdentifier: ChannelIdentifier;
  /** The level now. */
  level: ChannelNoDisturbLevel;
}

/** The channel list is complete. */
export interface ChannelsSyncCompleteEvent {
  /** 0 when all went well. */
  code: number;
}

/** Somebody types. */
export interface UserTypingStatus {
  /** Who. */
  userId: string;
  /** What they write, such as `RC:TxtMsg`. */
  typingMessageType: string;
  /** When they began, Unix time in milliseconds. */
  sentTime?: number;
}

/** Who types in a channel changed. */
export interface TypingStatusChangedEvent {
  /** Which channel. */
  channelIdentifier: ChannelIdentifier;
  /** Those who type now; empty when nobody does. */
  userTypingStatus: UserTypingStatus[];
}

/** Something happened to a subchannel. */
export interface CommunitySubChannelEvent {
  /** What. */
  info: Json;
}

/** Callbacks about channels. */
export interface ChannelHandlerParams {
  /** A channel was read on another client. */
  onChannelUnreadStatusSync?(event: ChannelUnreadStatusSyncEvent): void;
  /** A channel was pinned or unpinned on another client. */
  onChannelPinnedSync?(event: ChannelPinnedSyncEvent): void;
  /** A channel's no-disturb level was changed on another client. */
  onChannelNoDisturbLevelSync?(event: ChannelNoDisturbLevelSyncEvent): void;
  /** The channel list is complete; fires after each connecting. */
  onChannelsSyncComplete?(event: ChannelsSyncCompleteEvent): void;
  /** The channels' pins and levels are complete; fires with the one before. */
  onChannelStatusSyncCompleted?(event: ChannelsSyncCompleteEvent): void;
  /** Somebody types or stopped. */
  onTypingStatusChanged?(event: TypingStatusChangedEvent): void;
  /** The communities are complete. */
  onCommunityChannelsSyncCompleted?(): void;
  /** A subchannel's kind changed. */
  onCommunitySubChannelTypeChanged?(event: CommunitySubChannelEvent): void;
  /** A subchannel was deleted. */
  onCommunitySubChannelDeleted?(event: CommunitySubChannelEvent): void;
  /** The user was removed from a subchannel. */
  onCommunitySubChannelUserKicked?(event: CommunitySubChannelEvent): void;
  /** A channel's translation was changed on another client. */
  onChannelTranslateStrategySync?(event: { channelIdentifier: ChannelIdentifier; strategy: TranslateStrategy }): void;
}

/** Hears about channels. */
export class ChannelHandler extends Handler<ChannelHandlerParams> {}

/** A subscription was made or ended on another device. */
export interface SubscribeChangeEvent {
  /** Whose state. */
  userId: string;
  /** Which state. */
  subscribeType: SubscribeType;
  /** Made or ended. */
  operationType: SubscribeOperationType;
  /** When it was made, Unix time in milliseconds. */
  subscribeTime: number;
  /** Seconds for which it holds. */
  expiry: number;
}

/** Callbacks about users. */
export interface UserHandlerParams {
  /** What was subscribed to changed. */
  onSubscriptionChanged?(event: { events: SubscribeStatusInfo[] }): void;
  /** After connecting: the states can be asked for now. */
  onSubscriptionSyncCompleted?(event: { type: SubscribeType }): void;
  /** Subscriptions were made or ended on another device. */
  onSubscriptionChangedOnOtherDevices?(event: { events: SubscribeChangeEvent[] }): void;
  /** Somebody became a friend. */
  onFriendAdd?(event: { userId: string; name: string; portraitUri: string; operationTime: number }): void;
  /** Friends were lost. */
  onFriendRemove?(event: { userIds: string[]; operationTime: number }): void;
  /** Another spelling of {@link UserHandlerParams.onFriendRemove}. */
  onFriendDelete?(event: { userIds: string[]; operationTime: number }): void;
  /** A friend request was made or answered. */
  onFriendApplicationStatusChanged?(event: {
    userId: string;
    applicationType: FriendApplicationType;
    applicationStatus: FriendApplicationStatus;
    operationTime: number;
    extra: string;
  }): void;
  /** The user's alias or extension for a friend changed, on any device. */
  onFriendInfoChangedSync?(event: {
    userId: string;
    remark: string;
    extProfile: Record<string, string>;
    operationTime: number;
  }): void;
  /** All friends were removed at once. */
  onFriendCleared?(event: { operationTime: number }): void;
  /** The current user's own profile changed, on any device. */
  onMyUserProfileChanged?(event: { profile: UserProfile; operationTime: number }): void;
  /** The current user's blocklist changed, on any device or by the app's server. */
  onBlocklistChanged?(event: { added: string[]; removed: string[] }): void;
}

/** Hears about users. */
export class UserHandler extends Handler<UserHandlerParams> {}

/** Callbacks about groups. */
export interface GroupChannelHandlerParams {
  /** Something was done to a group. */
  onGroupOperation?(event: {
    groupId: string;
    operatorInfo: GroupMemberInfo;
    groupInfo: GroupInfo;
    operation: GroupOperation;
    memberInfos: GroupMemberInfo[];
    operationTime: number;
  }): void;
  /** A group's information changed. */
  onGroupInfoChanged?(event: {
    operatorInfo: GroupMemberInfo;
    fullGroupInfo: GroupInfo;
    changedGroupInfo: Partial<GroupInfo>;
    operationTime: number;
  }): void;
  /** A member's information changed. */
  onGroupMemberInfoChanged?(event: {
    groupId: string;
    operatorInfo: GroupMemberInfo;
    memberInfo: GroupMemberInfo;
    operationTime: number;
  }): void;
  /** A request to join a group was made or answered. */
  onGroupApplicationEvent?(event: { info: GroupApplicationInfo }): void;
  /** The user's favourite members changed, on any device; `operationType` is 0 for added, 1 for removed. */
  onGroupFavoritesChangedSync?(event: {
    groupId: string;
    operationType: number;
    userIds: string[];
    operationTime: number;
  }): void;
  /** What the user calls a group changed, on any device. */
  onGroupRemarkChangedSync?(event: { groupId: string; remark: string; operationTime: number }): void;
  /** Only allowed members may speak in a group, or all again. */
  onGroupFrozenChanged?(event: {
    groupId: string;
    operatorInfo: GroupMemberInfo;
    isFrozen: boolean;
    operationTime: number;
  }): void;
  /** The user was muted in a group, or may speak again; in all groups where `groupId` is empty. */
  onGroupMuteChanged?(event: {
    groupId: string;
    operatorInfo: GroupMemberInfo;
    userIds: string[];
    isMuted: boolean;
    muteEndTime: number;
    operationTime: number;
  }): void;
  /** The user may speak while a group is frozen, or no longer. */
  onGroupAllowedSendersChanged?(event: {
    groupId: string;
    operatorInfo: GroupMemberInfo;
    userIds: string[];
    isAllowed: boolean;
    operationTime: number;
  }): void;
}

/** Hears about groups. */
export class GroupChannelHandler extends Handler<GroupChannelHandlerParams> {}

/** What happened in an open channel. */
export interface OpenChannelEvent {
  /** Which channel. */
  channelId: string;
  /** More about it. */
  [detail: string]: Json;
}

/** Callbacks about open channels. */
export interface OpenChannelHandlerParams {
  /** Going in. */
  onEntering?(event: OpenChannelEvent): void;
  /** Inside. */
  onEntered?(event: OpenChannelEvent): void;
  /** Could not go in. */
  onEnterFailed?(event: OpenChannelEvent): void;
  /** The channel was reset. */
  onReset?(event: OpenChannelEvent): void;
  /** Outside. */
  onExited?(event: OpenChannelEvent): void;
  /** Users went in or out. */
  onParticipantChanged?(event: OpenChannelEvent): void;
  /** The channel's state changed. */
  onStatusChanged?(event: OpenChannelEvent): void;
  /** Pairs changed. */
  onMetadataChanged?(event: OpenChannelEvent): void;
  /** Pairs are complete. */
  onMetadataSynced?(event: OpenChannelEvent): void;
  /** Users were muted. */
  onParticipantMuted?(event: OpenChannelEvent): void;
  /** Users were banned. */
  onParticipantBanned?(event: OpenChannelEvent): void;
  /** The user went in on another device. */
  onNotifyMultiLoginSync?(event: OpenChannelEvent): void;
}

/** Hears about open channels. */
export class OpenChannelHandler extends Handler<OpenChannelHandlerParams> {}

/** Callbacks about translations. */
export interface TranslateHandlerParams {
  /** Translations are there. */
  onTranslationCompleted?(event: { results: Json[] }): void;
  /** The user's language was changed on another device. */
  onTranslationLanguageChanged?(event: { language: string }): void;
  /** Whether all is translated was changed on another device. */
  onAutoTranslateStateChanged?(event: { isEnable: boolean }): void;
}

/** Hears about translations. */
export class TranslateHandler extends Handler<TranslateHandlerParams> {}

/** Callbacks about tags. */
export interface TagHandlerParams {
  /** The user's tags changed, on any device. */
  onTagChanged?(): void;
  /** Channels came under tags, or from under them, on any device. */
  onChannelTagChanged?(): void;
}

/** Hears about tags. */
export class TagHandler extends Handler<TagHandlerParams> {}

/** Callbacks about the user's settings. */
export interface UserSettingsHandlerParams {
  /** The settings are complete. */
  onUserSettingsSyncCompleted?(event: { code: number }): void;
}

/** Hears about the user's settings. */
export class UserSettingsHandler extends Handler<UserSettingsHandlerParams> {}

/** Callbacks about the browser's notifications. */
export interface PushHandlerParams {
  /** The user opened a notification: the app shows the conversation. Told also to the page that the notification opened. */
  onNotificationOpened?(event: {
    channelIdentifier: ChannelIdentifier;
    messageId: string;
    senderId: string;
    pushData: string;
  }): void;
}

/** Hears about the browser's notifications. */
export class PushHandler extends Handler<PushHandlerParams> {}

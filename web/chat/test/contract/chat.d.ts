// What programs for `@nexconn/chat` may rely on, drawn up from how such programs use it. contract.test.ts holds our
// declarations against it.
import { LogLevel, IPluginGenerator } from './engine.js';
export { LogLevel };
export function __install__<T, O>(plugin: IPluginGenerator<T, O>, options: O): T | null;

export class NCResult<T = void> {
  readonly code: number;
  readonly data?: T;
  readonly msg?: string;
  readonly isOk: boolean;
  static ok<T = void>(data?: T): NCResult<T>;
  static fail<T = any>(code: number, msg?: string, data?: T): NCResult<T>;
  wipe<R = any>(): NCResult<R>;
}
export enum ConnectionStatus { CONNECTED, CONNECTING, DISCONNECTED, SUSPENDED }
export enum ChannelType { DIRECT = 1, GROUP = 3, OPEN = 4, SYSTEM = 6, COMMUNITY = 10 }
export enum ChannelNoDisturbLevel { ALL_MESSAGE = -1, DEFAULT = 0, MENTION = 1, MENTION_USERS = 2, MENTION_ALL = 4, MUTED = 5 }
export enum MessageDirection { SEND = 1, RECEIVE = 2 }
export enum SentStatus { SENDING = 10, FAILED = 20, SENT = 30, RECEIVED = 40, READ = 50, DESTROYED = 60 }
export enum MentionedType { ALL = 1, USERS = 2 }
export enum MessageReadReceiptStatus { UNRESPONDED = 0, RESPONDED = 1 }
export const MessageType: {
  readonly TEXT: 'RC:TxtMsg'; readonly IMAGE: 'RC:ImgMsg'; readonly GIF: 'RC:GIFMsg'; readonly FILE: 'RC:FileMsg';
  readonly SHORT_VIDEO: 'RC:SightMsg'; readonly HD_VOICE: 'RC:HQVCMsg'; readonly COMBINE: 'RC:CombineV2Msg';
  readonly REFERENCE: 'RC:ReferenceMsg'; readonly LOCATION: 'RC:LBSMsg';
};
export class ChannelIdentifier {
  constructor(channelType: ChannelType, channelId: string);
  readonly channelType: ChannelType;
  readonly channelId: string;
  isEqualTo(other: ChannelIdentifier): boolean;
}
export class DirectChannelIdentifier extends ChannelIdentifier { constructor(id: string) }
export class GroupChannelIdentifier extends ChannelIdentifier { constructor(id: string) }
export class SystemChannelIdentifier extends ChannelIdentifier { constructor(id: string) }
export class CommunitySubChannelIdentifier extends ChannelIdentifier { constructor(id: string, subChannelId: string); readonly subChannelId: string }

export interface MentionedInfo { type: MentionedType; userIdList?: string[]; mentionedContent?: string }
export interface SenderUserInfo { userId: string; name?: string; portraitUri?: string; extra?: string }
export interface BaseMessageContent { senderUserInfo?: SenderUserInfo; extra?: string; mentionedInfo?: MentionedInfo }
export interface TextMessageContent extends BaseMessageContent { text: string }
export interface ImageMessageContent extends BaseMessageContent { thumbnailBase64: string; remoteUrl: string; thumWidth?: number; thumHeight?: number }
export interface GIFMessageContent extends BaseMessageContent { dataSize: number; width: number; height: number; remoteUrl: string }
export interface FileMessageContent extends BaseMessageContent { name: string; size: number; type?: string; remoteUrl: string }
export interface ShortVideoMessageContent extends BaseMessageContent { thumbnailBase64: string; remoteUrl: string; duration: number; name: string; size?: number }
export interface HDVoiceMessageContent extends BaseMessageContent { remoteUrl: string; duration: number }
export interface ReferenceMessageContent extends BaseMessageContent { text: string; referMsgSenderId: string; referMsgType: string; referMsg: any }
export interface CombineMessageInfo { fromUserId: string; channelId: string; timestamp: number; objectName: string; content: any }
export interface CombineMessageContent extends BaseMessageContent { channelType: ChannelType; summaryList: string[]; nameList: string[]; msgNum: number; msgList?: CombineMessageInfo[]; jsonMsgKey?: string; remoteUrl?: string }

export interface PushConfig { [k: string]: any }
export class SendMessageParams<T = any> {
  constructor(content: T, messageType: string);
  content: T;
  readonly messageType: string;
  needReceipt?: boolean;
  pushConfig?: PushConfig;
}
export interface SpeechToTextInfo { text: string; status?: number; isVisible?: boolean }
export class SendTextMessageParams extends SendMessageParams<TextMessageContent> { constructor(content: TextMessageContent) }
export class SendMediaMessageParams<T = any> extends SendMessageParams<T> {
  onUploadProgress?: (progress: number, message: Message<T>) => void;
  onUploadComplete?: (remoteUrl: string, message: Message<T>) => void;
  onUploadError?: (code: number, message: Message<T>) => void;
}
export class SendFileMessageParams extends SendMediaMessageParams<FileMessageContent> {}
export class SendImageMessageParams extends SendMediaMessageParams<ImageMessageContent> {}
export class SendGIFMessageParams extends SendMediaMessageParams<GIFMessageContent> {}
export class Message<T = any> {
  messageId: string; sentTime: number; direction: MessageDirection; content: T; messageType: string;
  isStatusMessage: boolean; senderUserId: string; channelIdentifier: ChannelIdentifier;
  readonly channelType: ChannelType;
  isPersisted: boolean; isCounted: boolean; sentStatus: SentStatus; clientId: number;
  sentReceipt?: boolean; needReceipt?: boolean; directedUserIds?: string[]; disableNotification?: boolean;
  hasChanged?: boolean; metadata?: Record<string, any>; updateInfo?: any; disableUpdateLastMessage?: boolean;
  requestSpeechToText(): Promise<NCResult>;
}
export interface MessageIdentifier { channelIdentifier: ChannelIdentifier; messageId: string }
export interface MessageReadReceiptInfo { channelIdentifier: ChannelIdentifier; messageId: string; readCount: number; unreadCount: number; totalCount: number }
export interface MessageReadReceiptUser { userId: string; timestamp: number }
export interface MessageReadReceiptResponse extends MessageReadReceiptInfo { users?: MessageReadReceiptUser[] }
export interface MessageDeletedInfo { channelIdentifier: ChannelIdentifier; messageId: string; operationTime: number }

export interface MessageReceivedEvent { messages: Message[] }
export interface MessageDeletedEvent { messages: MessageDeletedInfo[] }
export interface MessageReceiptResponseEvent { responses: MessageReadReceiptResponse[] }
export interface OfflineMessageSyncCompletedEvent { code?: number }
export interface SpeechToTextCompletedEvent { code: number; messageId: string; info?: SpeechToTextInfo }
export interface MessageHandlerParams {
  onMessageReceived?(e: MessageReceivedEvent): void;
  onMessageDeleted?(e: MessageDeletedEvent): void;
  onMessageReceiptResponse?(e: MessageReceiptResponseEvent): void;
  onOfflineMessageSyncCompleted?(e: OfflineMessageSyncCompletedEvent): void;
  onSpeechToTextCompleted?(e: SpeechToTextCompletedEvent): void;
}
export class MessageHandler { constructor(p: MessageHandlerParams) }
export interface ChannelUnreadStatusSyncEvent { channelIdentifier: ChannelIdentifier }
export interface ChannelPinnedSyncEvent { channelIdentifier: ChannelIdentifier; isPinned: boolean }
export interface ChannelNoDisturbLevelSyncEvent { channelIdentifier: ChannelIdentifier; level: ChannelNoDisturbLevel }
export interface ChannelsSyncCompleteEvent { code: number }
export interface UserTypingStatus { userId: string; typingMessageType: string; sentTime?: number }
export interface TypingStatusChangedEvent { channelIdentifier: ChannelIdentifier; userTypingStatus: UserTypingStatus[] }
export interface ChannelHandlerParams {
  onChannelUnreadStatusSync?(e: ChannelUnreadStatusSyncEvent): void;
  onChannelPinnedSync?(e: ChannelPinnedSyncEvent): void;
  onChannelNoDisturbLevelSync?(e: ChannelNoDisturbLevelSyncEvent): void;
  onChannelsSyncComplete?(e: ChannelsSyncCompleteEvent): void;
  onTypingStatusChanged?(e: TypingStatusChangedEvent): void;
}
export class ChannelHandler { constructor(p: ChannelHandlerParams) }
export class ConnectionStatusHandler { constructor(p: { onConnectionStatusChanged?(e: { status: ConnectionStatus; code?: number }): void }) }
export interface CustomMessageRegistration { messageType: string; isPersisted: boolean; isCounted: boolean; isStatusMessage?: boolean; remoteFileUrlField?: string }

export interface PageData<T> { data: T[]; totalCount?: number }
export class ChannelsQuery { loadNextPage(): Promise<NCResult<PageData<BaseChannel>>>; readonly hasNext: boolean }
export class MessagesQuery { loadNextPage(): Promise<NCResult<PageData<Message>>>; readonly hasNext: boolean }
export class MessagesReadReceiptUsersQuery { loadNextPage(): Promise<NCResult<PageData<MessageReadReceiptUser>>>; readonly hasNext: boolean }
export class BaseChannel {
  readonly channelType: ChannelType; readonly channelId: string; readonly identifier: ChannelIdentifier;
  latestMessage: Message | null; unreadCount: number; isPinned: boolean; noDisturbLevel: ChannelNoDisturbLevel; draft?: string; operationTime?: number;
  static createChannelsQuery(p: { pageSize?: number; startTime?: number }): ChannelsQuery;
  static createMessagesQuery(p: { channelIdentifier: ChannelIdentifier; pageSize?: number; startTime?: number; isAscending?: boolean }): MessagesQuery;
  static createMessagesReadReceiptUsersQuery(p: { channelIdentifier: ChannelIdentifier; pageSize?: number; messageId: string; status: MessageReadReceiptStatus }): MessagesReadReceiptUsersQuery;
  static getMessageReadReceiptInfoByIdentifiers(ids: MessageIdentifier[]): Promise<NCResult<MessageReadReceiptInfo[]>>;
  reload(): Promise<NCResult<BaseChannel>>;
  delete(): Promise<NCResult>;
  pin(): Promise<NCResult>;
  unpin(): Promise<NCResult>;
  setNoDisturbLevel(l: ChannelNoDisturbLevel): Promise<NCResult>;
  clearUnreadCount(): Promise<NCResult>;
  saveDraft(t: string): Promise<NCResult>;
  clearDraft(): Promise<NCResult>;
  sendMessage<T = any>(p: SendMessageParams<T>): Promise<NCResult<Message<T>>>;
  sendMediaMessage<T = any>(p: SendMediaMessageParams<T>): Promise<NCResult<Message<T>>>;
  deleteMessageForAll(m: Message): Promise<NCResult>;
  deleteMessagesForMe(m: Message[]): Promise<NCResult>;
  deleteMessagesForMeByTimestamp(p: { timestamp: number }): Promise<NCResult>;
  sendReadReceiptResponse(ids: string[]): Promise<NCResult>;
  getMessageReadReceiptInfo(ids: string[]): Promise<NCResult<MessageReadReceiptInfo[]>>;
}
export class DirectChannel extends BaseChannel { constructor(id: string); sendTypingStatus(type: string): Promise<NCResult> }
export enum GroupMemberRole { UNDEF = 0, NORMAL = 1, MANAGER = 2, OWNER = 3 }
export interface GroupMemberInfo { userId: string; name?: string; nickname?: string; portraitUri?: string; extra?: string; joinedTime?: number; role?: GroupMemberRole }
export class GroupMembersByRoleQuery { loadNextPage(): Promise<NCResult<PageData<GroupMemberInfo>>>; readonly hasNext: boolean }
export class GroupChannel extends BaseChannel {
  constructor(id: string);
  static createGroup(p: { groupId: string; groupName: string; inviteeUserIds?: string[] }): Promise<NCResult<any>>;
  static createGroupMembersByRoleQuery(p: { groupId: string; role: GroupMemberRole; pageSize?: number; isAscending?: boolean }): GroupMembersByRoleQuery;
}
export class SystemChannel extends BaseChannel { constructor(id: string) }
export class CommunitySubChannel extends BaseChannel { constructor(id: string, sub: string) }

export interface UserProfile { userId?: string; name?: string; portraitUri?: string; extProfile?: Record<string, string> }
export namespace NCEngine {
  function initialize(p: { appKey: string; areaCode?: any; logLevel?: LogLevel }): void;
  function connect(p: { token: string }): Promise<NCResult<{ userId: string }>>;
  function disconnect(): Promise<NCResult>;
  const userModule: {
    getMyUserProfile(): Promise<NCResult<UserProfile>>;
    updateMyUserProfile(p: UserProfile): Promise<NCResult<any>>;
    getUserProfiles(ids: string[]): Promise<NCResult<UserProfile[]>>;
    addToBlocklist(userId: string): Promise<NCResult>;
    removeFromBlocklist(userId: string): Promise<NCResult>;
    checkBlocked(userId: string): Promise<NCResult<boolean>>;
    getBlocklist(): Promise<NCResult<string[]>>;
  };
  function addConnectionStatusHandler(id: string, h: ConnectionStatusHandler): void;
  function removeConnectionStatusHandler(id: string): void;
  function addMessageHandler(id: string, h: MessageHandler): void;
  function removeMessageHandler(id: string): void;
  function addChannelHandler(id: string, h: ChannelHandler): void;
  function removeChannelHandler(id: string): void;
  function getCurrentUserId(): string;
  function getServerTimeDelta(): number;
  function getAppSettings(): NCResult<{ isSpeechToTextEnabled: boolean }>;
  function registerCustomMessages(l: CustomMessageRegistration[]): NCResult;
}
export namespace Helper {
  enum FileType { IMAGE = 1, AUDIO = 2, SHORT_VIDEO = 3, FILE = 4 }
  interface CreateFileUploaderParams { file: File; fileType: FileType; onProgress?: (loaded: number, total: number) => void; contentDisposition?: string }
  class FileUploader {
    static create(p: CreateFileUploaderParams): NCResult<FileUploader>;
    result(): Promise<NCResult<{ downloadUrl: string }>>;
    stop(): void;
  }
  function createMessage<T = any>(id: ChannelIdentifier, p: SendMessageParams<T>, senderUserId?: string): Message<T>;
  function createSendImageMessageParams(f: File): Promise<NCResult<SendImageMessageParams>>;
  function createSendGIFMessageParams(f: File): Promise<NCResult<SendGIFMessageParams>>;
  function createSendFileMessageParams(f: File): Promise<NCResult<SendFileMessageParams>>;
  function wrapAsCombineMessageInfo(m: Message): CombineMessageInfo;
  function unwrapCombineMessage(m: Message): Message[];
  function wrapAsReferenceMessageContent(m: Message, text: string): ReferenceMessageContent;
  function unwrapReferenceMessage(m: Message): Message;
}

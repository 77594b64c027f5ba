// What a whole chat UI does with the SDK: it installs itself as a plugin, clones messages, sorts, and sends by itself.
import { VersionManage } from '@nexconn/engine';
import type { ILogger, IPluginGenerator, PluginContext } from '@nexconn/engine';
import {
  __install__,
  BaseChannel,
  ChannelHandler,
  ChannelIdentifier,
  ChannelNoDisturbLevel,
  ChannelType,
  CommunitySubChannel,
  CommunitySubChannelIdentifier,
  ConnectionStatus,
  ConnectionStatusHandler,
  DirectChannel,
  DirectChannelIdentifier,
  GroupChannel,
  GroupChannelIdentifier,
  Helper,
  MentionedType,
  Message,
  MessageDirection,
  MessageHandler,
  MessageReadReceiptStatus,
  MessageType,
  NCEngine,
  NCResult,
  SendMessageParams,
  SentStatus,
  SystemChannel,
  SystemChannelIdentifier,
} from '@nexconn/chat';
import type {
  ChannelHandlerParams,
  CombineMessageContent,
  ImageMessageContent,
  LogLevel,
  MentionedInfo,
  MessageHandlerParams,
  MessageIdentifier,
  MessageReadReceiptInfo,
  MessageReadReceiptUser,
  PushConfig,
  ReferenceMessageContent,
  TextMessageContent,
} from '@nexconn/chat';

VersionManage.add('chatui', '1.0.0');

interface Options {
  logLevel?: LogLevel;
  onConnected(): void;
}

/** A cloned message with fields of the UI's own. */
export function cloneMessage(message: Message): Message {
  const copy = Helper.createMessage(
    message.channelIdentifier,
    new SendMessageParams({ ...message.content }, message.messageType),
    message.senderUserId,
  );
  copy.messageId = message.messageId;
  copy.sentTime = message.sentTime;
  copy.direction = message.direction;
  copy.senderUserId = message.senderUserId;
  copy.sentStatus = message.sentStatus;
  copy.clientId = message.clientId;
  copy.sentReceipt = message.sentReceipt ?? false;
  copy.needReceipt = message.needReceipt ?? false;
  copy.isPersisted = message.isPersisted;
  copy.isCounted = message.isCounted;
  copy.isStatusMessage = message.isStatusMessage;
  if (message.metadata) copy.metadata = message.metadata;
  if (message.directedUserIds) copy.directedUserIds = message.directedUserIds;
  copy.updateInfo = message.updateInfo;
  return copy;
}

/** The engine's object for an identifier. */
export function channelFor(identifier: ChannelIdentifier): BaseChannel | null {
  switch (identifier.channelType) {
    case ChannelType.DIRECT:
      return new DirectChannel(identifier.channelId);
    case ChannelType.GROUP:
      return new GroupChannel(identifier.channelId);
    case ChannelType.SYSTEM:
      return new SystemChannel(identifier.channelId);
    case ChannelType.COMMUNITY:
      return identifier instanceof CommunitySubChannelIdentifier
        ? new CommunitySubChannel(identifier.channelId, identifier.subChannelId)
        : null;
    default:
      return null;
  }
}

export class ChatApp implements MessageHandlerParams {
  readonly messages: Message[] = [];
  connected = false;
  synced = false;
  listed = false;

  constructor(
    private readonly log: ILogger,
    readonly appKey: string,
    private readonly options: Options,
  ) {
    NCEngine.addConnectionStatusHandler('chatui', new ConnectionStatusHandler({
      onConnectionStatusChanged: ({ status, code }) => {
        this.connected = status === ConnectionStatus.CONNECTED;
        if (this.connected) this.options.onConnected();
        this.log.info('status', { status, code }, this.log.createTraceId());
      },
    }));
    NCEngine.addMessageHandler('chatui', new MessageHandler(this));
    const channels: ChannelHandlerParams = {
      onChannelsSyncComplete: () => {
        this.listed = true;
      },
    };
    NCEngine.addChannelHandler('chatui', new ChannelHandler(channels));
  }

  onMessageReceived({ messages }: { messages: Message[] }): void {
    for (const message of messages) this.messages.push(cloneMessage(message));
  }

  onOfflineMessageSyncCompleted(): void {
    this.synced = true;
  }

  async send<T>(identifier: ChannelIdentifier, params: SendMessageParams<T>, push?: PushConfig): Promise<NCResult<Message>> {
    const channel = channelFor(identifier);
    if (channel === null) return NCResult.fail(39003, 'invalid channel');
    params.needReceipt = true;
    if (push) params.pushConfig = push;
    const local = Helper.createMessage(identifier, params, NCEngine.getCurrentUserId());
    this.messages.push(local);
    const result = await channel.sendMessage(params);
    if (!result.isOk || !result.data) {
      local.sentStatus = SentStatus.FAILED;
      return result.wipe();
    }
    local.messageId = result.data.messageId;
    local.sentTime = result.data.sentTime;
    local.sentStatus = SentStatus.SENT;
    return NCResult.ok<Message>(local);
  }

  async upload(file: File, identifier: ChannelIdentifier): Promise<NCResult<Message>> {
    const made = await Helper.createSendImageMessageParams(file);
    if (!made.isOk || !made.data) return made.wipe();
    const params = made.data;
    const message = Helper.createMessage(identifier, params);
    const uploader = Helper.FileUploader.create({
      file,
      fileType: Helper.FileType.IMAGE,
      onProgress: (loaded, total) => this.log.debug('upload', `${loaded} of ${total}`),
      contentDisposition: 'attachment',
    });
    if (!uploader.isOk || !uploader.data) return NCResult.fail(uploader.code, uploader.msg);
    const { isOk, code, data } = await uploader.data.result();
    if (!isOk || !data) return NCResult.fail(code);
    const untyped: Message = message;
    untyped.content.imageUri = data.downloadUrl;
    const image: SendMessageParams<ImageMessageContent> = params;
    image.content.remoteUrl = data.downloadUrl;
    return this.send(identifier, new SendMessageParams(untyped.content, MessageType.IMAGE));
  }

  async readers(message: Message): Promise<MessageReadReceiptUser[]> {
    const query = BaseChannel.createMessagesReadReceiptUsersQuery({
      channelIdentifier: message.channelIdentifier,
      messageId: message.messageId,
      pageSize: 100,
      status: MessageReadReceiptStatus.RESPONDED,
    });
    const users: MessageReadReceiptUser[] = [];
    do {
      const { isOk, data } = await query.loadNextPage();
      if (!isOk || !data) break;
      users.push(...data.data);
    } while (query.hasNext);
    return users;
  }

  async receipts(list: MessageIdentifier[]): Promise<MessageReadReceiptInfo[]> {
    const { isOk, data } = await BaseChannel.getMessageReadReceiptInfoByIdentifiers(list);
    return isOk && data ? data : [];
  }
}

export const generator: IPluginGenerator<ChatApp, Options> = {
  tag: 'chatui',
  verify: (runtime) => runtime.tag === 'browser',
  setup(context: PluginContext, _runtime, options): ChatApp | null {
    const log = context.createLogger('chatui', 'IM');
    if (options.logLevel !== undefined) log.setOutputLevel(options.logLevel);
    const app = new ChatApp(log, context.getAppkey(), options);
    context.ondestroy = () => {
      NCEngine.removeMessageHandler('chatui');
      app.messages.length = 0;
    };
    return app;
  },
};

export function install(options: Options): ChatApp | null {
  return __install__(generator, options);
}

/** Text with mentions. */
export function mention(text: string, userIds: string[]): SendMessageParams<TextMessageContent> {
  const mentionedInfo: MentionedInfo = { type: userIds.length > 0 ? MentionedType.USERS : MentionedType.ALL, userIdList: userIds };
  return new SendMessageParams<TextMessageContent>({ text, mentionedInfo }, MessageType.TEXT);
}

/** Several messages as one. */
export function combine(messages: Message[], names: string[]): SendMessageParams<CombineMessageContent> {
  const content: CombineMessageContent = {
    channelType: messages[0]?.channelType ?? ChannelType.DIRECT,
    summaryList: messages.map((message) => `${message.senderUserId}: ${message.messageType}`),
    nameList: names,
    msgNum: messages.length,
    msgList: messages.map((message) => Helper.wrapAsCombineMessageInfo(message)),
  };
  return new SendMessageParams(content, MessageType.COMBINE);
}

/** What a message quotes. */
export function quoted(message: Message<ReferenceMessageContent>): Message {
  return Helper.unwrapReferenceMessage(message);
}

export const literals: [number, number, number, number] = [
  MessageDirection.SEND,
  MessageDirection.RECEIVE,
  ChannelNoDisturbLevel.MUTED,
  SentStatus.SENDING,
];

export const identifiers = [
  new DirectChannelIdentifier('a'),
  new GroupChannelIdentifier('a'),
  new SystemChannelIdentifier('a'),
  new CommunitySubChannelIdentifier('a', 'b'),
];

export const isMessage = (value: unknown): value is Message => value instanceof Message;

// The engine room of a chat UI: models of the list and of a conversation, kept by events, and what their menus do.
import { VersionManage } from '@nexconn/engine';
import type { ILogger, IPluginGenerator, PluginContext } from '@nexconn/engine';
import {
  __install__, BaseChannel, ChannelHandler, ChannelIdentifier, ChannelNoDisturbLevel, ChannelType, CommunitySubChannelIdentifier,
  ConnectionStatus, ConnectionStatusHandler, DirectChannel, DirectChannelIdentifier, GroupChannel, Helper, Message, MessageDirection,
  MessageHandler, MessageReadReceiptStatus, MessageType, NCEngine, NCResult, SendMessageParams, SendTextMessageParams, SentStatus,
  SystemChannel,
} from '@nexconn/chat';
import type {
  ChannelsQuery, CombineMessageContent, CustomMessageRegistration, FileMessageContent, MessageDeletedInfo, MessageIdentifier,
  MessageReadReceiptInfo, MessageReadReceiptResponse, MessageReadReceiptUser, MessagesReadReceiptUsersQuery, PushConfig,
  ReferenceMessageContent, SendFileMessageParams, TextMessageContent,
} from '@nexconn/chat';

VersionManage.add('workspace', '1.0.0');

type Listener<T> = (value: T) => void;
type HandlerParams = ConstructorParameters<typeof MessageHandler>[0];
type HistoryParams = Parameters<typeof BaseChannel.createMessagesQuery>[0];
type StandardType = (typeof MessageType)[keyof typeof MessageType];
type Page = NonNullable<Awaited<ReturnType<ChannelsQuery['loadNextPage']>>['data']>;
type Digest<T> = (content: T) => string;

interface Order {
  id: string;
  total: number;
}

const KINDS: Partial<Record<ChannelType, string>> = { [ChannelType.DIRECT]: 'direct', [ChannelType.GROUP]: 'group', [ChannelType.SYSTEM]: 'system' };
const ORDER: CustomMessageRegistration = { messageType: 'shop:order', isPersisted: true, isCounted: true };
const standard = Object.values(MessageType) as string[];

const digests: { [type in StandardType]?: Digest<never> } = {
  [MessageType.TEXT]: ({ text }: TextMessageContent) => text,
  [MessageType.FILE]: ({ name, size }: FileMessageContent) => `${name} (${size})`,
  [MessageType.REFERENCE]: ({ text, referMsgSenderId }: ReferenceMessageContent) => `@${referMsgSenderId} ${text}`,
  [MessageType.COMBINE]: ({ summaryList }: CombineMessageContent) => summaryList.join('; '),
};

class Signal<T> {
  private readonly listeners = new Set<Listener<T>>();

  on(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}

/** A message with what only the UI knows of it. */
class UiMessage<T = any> extends Message<T> {
  uploadPercent?: number;

  static from(message: Message): UiMessage {
    const copy = new UiMessage();
    const { messageId, clientId, sentTime, direction, content, messageType, senderUserId, channelIdentifier, sentStatus } = message;
    Object.assign(copy, { messageId, clientId, sentTime, direction, content, messageType, senderUserId, channelIdentifier, sentStatus });
    copy.isCounted = message.isCounted;
    copy.isPersisted = message.isPersisted;
    copy.hasChanged = message.hasChanged ?? false;
    copy.needReceipt = message.needReceipt ?? false;
    return copy;
  }

  get digest(): string {
    const digest = (digests as Record<string, Digest<T> | undefined>)[this.messageType];
    return digest ? digest(this.content) : `[${this.messageType}]`;
  }
}

abstract class Model<C extends BaseChannel> {
  readonly changed = new Signal<Model<C>>();

  constructor(protected channel: C) {}

  get key(): string {
    const { channelType, channelId, identifier } = this.channel;
    const sub = identifier instanceof CommunitySubChannelIdentifier ? identifier.subChannelId : '';
    return [KINDS[channelType] ?? channelType, channelId, sub].join('/');
  }

  is(identifier: ChannelIdentifier): boolean {
    return this.channel.identifier.isEqualTo(identifier);
  }
}

class RowModel extends Model<BaseChannel> {
  typing = '';

  get title(): string {
    const { latestMessage, unreadCount, isPinned, noDisturbLevel, draft } = this.channel;
    const marks = [isPinned ? 'pinned' : '', noDisturbLevel === ChannelNoDisturbLevel.MUTED ? 'muted' : '', draft ? `draft ${draft}` : ''];
    const latest = latestMessage === null ? '' : UiMessage.from(latestMessage).digest;
    return [this.key, latest, unreadCount, ...marks.filter(Boolean)].join(' ');
  }

  get order(): [number, number] {
    return [Number(this.channel.isPinned), this.channel.latestMessage?.sentTime ?? 0];
  }

  async refresh(): Promise<void> {
    const { isOk, data } = await this.channel.reload();
    if (isOk && data) this.channel = data;
    this.changed.emit(this);
  }

  async menu(item: 'pin' | 'unpin' | 'mute' | 'unmute' | 'remove'): Promise<NCResult> {
    const { channel } = this;
    const actions = {
      pin: () => channel.pin(),
      unpin: () => channel.unpin(),
      mute: () => channel.setNoDisturbLevel(ChannelNoDisturbLevel.MUTED),
      unmute: () => channel.setNoDisturbLevel(ChannelNoDisturbLevel.ALL_MESSAGE),
      remove: () => channel.delete(),
    } satisfies Record<typeof item, () => Promise<NCResult>>;
    const result = await actions[item]();
    await this.refresh();
    return result;
  }
}

export class Conversation<C extends BaseChannel = BaseChannel> extends Model<C> {
  readonly messages: UiMessage[] = [];
  private receipts: Record<string, MessageReadReceiptInfo> = {};

  /** Older messages in front of those that are here. */
  async older(count: number): Promise<boolean> {
    const params: HistoryParams = { channelIdentifier: this.channel.identifier, pageSize: count, isAscending: false };
    const oldest = this.messages[0];
    if (oldest) params.startTime = oldest.sentTime;
    const query = BaseChannel.createMessagesQuery(params);
    const { isOk, data } = await query.loadNextPage();
    if (!isOk || !data) return false;
    this.messages.unshift(...data.data.reverse().map((message) => UiMessage.from(message)));
    return query.hasNext;
  }

  async send<T>(content: T, type: string, push?: PushConfig): Promise<NCResult<Message<T>>> {
    const params = new SendMessageParams<T>(content, type);
    params.needReceipt = true;
    if (push) params.pushConfig = push;
    const local = UiMessage.from(Helper.createMessage(this.channel.identifier, params));
    this.messages.push(local);
    const result = await this.channel.sendMessage<T>(params);
    local.sentStatus = result.isOk ? SentStatus.SENT : SentStatus.FAILED;
    if (result.data) {
      local.messageId = result.data.messageId;
      local.sentTime = result.data.sentTime;
    }
    return result;
  }

  async attach(file: File): Promise<NCResult<Message>> {
    const made: NCResult<SendFileMessageParams> = await Helper.createSendFileMessageParams(file);
    if (!made.isOk || !made.data) return made.wipe();
    const local = UiMessage.from(Helper.createMessage<FileMessageContent>(this.channel.identifier, made.data));
    this.messages.push(local);
    made.data.onUploadProgress = (percent, message) => {
      local.uploadPercent = percent;
      local.content.size = message.content.size;
    };
    made.data.onUploadError = (code) => {
      local.sentStatus = code ? SentStatus.FAILED : local.sentStatus;
    };
    return this.channel.sendMediaMessage(made.data);
  }

  /** The file goes up first, by itself; the message follows. */
  async attachByHand(file: File): Promise<NCResult<Message>> {
    let loadedBytes = 0;
    const created = Helper.FileUploader.create({ file, fileType: Helper.FileType.FILE, onProgress: (loaded) => (loadedBytes = loaded) });
    if (!created.isOk || !created.data) return NCResult.fail(created.code, created.msg);
    const { code, data } = await created.data.result();
    if (!data) return NCResult.fail(code);
    const content = { name: file.name, size: loadedBytes || file.size, remoteUrl: '', fileUrl: data.downloadUrl };
    return this.send(content, MessageType.FILE);
  }

  reply(message: Message, text: string): Promise<NCResult<Message>> {
    return this.send(Helper.wrapAsReferenceMessageContent(message, text), MessageType.REFERENCE);
  }

  forward(messages: Message[]): Promise<NCResult<Message>> {
    const content: CombineMessageContent = {
      channelType: this.channel.channelType,
      nameList: [...new Set(messages.map((message) => message.senderUserId))],
      summaryList: messages.slice(0, 4).map((message) => UiMessage.from(message).digest),
      msgNum: messages.length,
      msgList: messages.map(Helper.wrapAsCombineMessageInfo),
    };
    return this.send(content, MessageType.COMBINE);
  }

  async takeBack(message: Message, windowMs: number): Promise<NCResult> {
    const age = Date.now() - NCEngine.getServerTimeDelta() - message.sentTime;
    if (message.direction !== MessageDirection.SEND || age > windowMs) return NCResult.fail(39006, 'too late');
    const result = await this.channel.deleteMessageForAll(message);
    if (result.isOk) this.drop([{ channelIdentifier: this.channel.identifier, messageId: message.messageId, operationTime: Date.now() }]);
    return result;
  }

  drop(gone: MessageDeletedInfo[]): void {
    for (const { messageId } of gone) {
      const index = this.messages.findIndex((message) => message.messageId === messageId);
      if (index >= 0) this.messages.splice(index, 1);
    }
  }

  async seen(): Promise<void> {
    const ids = this.messages.filter((m) => m.direction === MessageDirection.RECEIVE && m.needReceipt && !m.sentReceipt).map((m) => m.messageId);
    if (ids.length > 0) await this.channel.sendReadReceiptResponse(ids);
    await this.channel.clearUnreadCount();
  }

  async readState(): Promise<string[]> {
    const mine = this.messages.filter((message) => message.direction === MessageDirection.SEND && message.messageId !== '');
    const list: MessageIdentifier[] = mine.map(({ messageId, channelIdentifier }) => ({ messageId, channelIdentifier }));
    for (let at = 0; at < list.length; at += 100) {
      const { data = [] } = await BaseChannel.getMessageReadReceiptInfoByIdentifiers(list.slice(at, at + 100));
      for (const info of data) this.receipts[info.messageId] = info;
    }
    return mine.map((message) => `${message.digest}: ${this.receipts[message.messageId]?.readCount ?? 0}`);
  }

  answered(responses: MessageReadReceiptResponse[]): void {
    for (const { users: _users, ...info } of responses) this.receipts[info.messageId] = info;
  }

  async readers(message: Message): Promise<MessageReadReceiptUser[]> {
    const status = MessageReadReceiptStatus.RESPONDED;
    const { channelIdentifier, messageId } = message;
    const query: MessagesReadReceiptUsersQuery = BaseChannel.createMessagesReadReceiptUsersQuery({ channelIdentifier, messageId, status, pageSize: 20 });
    return (await query.loadNextPage()).data?.data ?? [];
  }
}

interface Hooks {
  rowsChanged?: (titles: string[]) => void;
}

export class Workspace {
  readonly ready: Promise<void>;
  private rows: RowModel[] = [];
  private open: Conversation | null = null;
  private userId = '';

  constructor(private readonly log: ILogger, readonly appKey: string, private readonly hooks: Hooks) {
    let synced!: () => void;
    this.ready = new Promise((resolve) => (synced = resolve));
    const onMessages: HandlerParams = {
      onMessageReceived: ({ messages }) => this.received(messages),
      onMessageDeleted: ({ messages }) => this.open?.drop(messages),
      onMessageReceiptResponse: ({ responses }) => this.open?.answered(responses),
      onOfflineMessageSyncCompleted: () => void this.load().then(synced),
    };
    NCEngine.addMessageHandler('workspace', new MessageHandler(onMessages));
    NCEngine.addConnectionStatusHandler('workspace', new ConnectionStatusHandler({
      onConnectionStatusChanged: ({ status, code = 0 }) => {
        const user = NCEngine.getCurrentUserId();
        if (status === ConnectionStatus.CONNECTED && this.userId !== user) [this.userId, this.rows] = [user, []];
        this.log.info('status', ConnectionStatus[status], `${code}`);
      },
    }));
    const refresh = ({ channelIdentifier }: { channelIdentifier: ChannelIdentifier }): void => {
      void this.rows.find((row) => row.is(channelIdentifier))?.refresh();
    };
    NCEngine.addChannelHandler('workspace', new ChannelHandler({
      onChannelPinnedSync: refresh,
      onChannelNoDisturbLevelSync: refresh,
      onChannelUnreadStatusSync: refresh,
      onTypingStatusChanged: ({ channelIdentifier, userTypingStatus: [first] }) => {
        const row = this.rows.find((one) => one.is(channelIdentifier));
        if (row) row.typing = first?.typingMessageType ?? '';
      },
    }));
  }

  get titles(): string[] {
    const sorted = [...this.rows].sort((a, b) => b.order[0] - a.order[0] || b.order[1] - a.order[1]);
    return sorted.map((row) => row.title);
  }

  row(identifier: ChannelIdentifier): RowModel | undefined {
    return this.rows.find((row) => row.is(identifier));
  }

  enter(identifier: ChannelIdentifier): Conversation {
    const { channelType, channelId } = identifier;
    const make: Partial<Record<ChannelType, () => BaseChannel>> = {
      [ChannelType.DIRECT]: () => new DirectChannel(channelId),
      [ChannelType.GROUP]: () => new GroupChannel(channelId),
      [ChannelType.SYSTEM]: () => new SystemChannel(channelId),
    };
    const channel = make[channelType]?.();
    if (!channel) throw new TypeError(`no page for ${ChannelType[channelType]}`);
    return (this.open = new Conversation(channel));
  }

  async load(): Promise<void> {
    const query = BaseChannel.createChannelsQuery({ pageSize: 30, startTime: 0 });
    const pages: Page[] = [];
    do {
      const { isOk, data, code } = await query.loadNextPage();
      if (!isOk || !data) return this.log.warn('channels', code);
      pages.push(data);
    } while (query.hasNext);
    this.rows = pages.flatMap((page) => page.data).map((channel) => new RowModel(channel));
    this.hooks.rowsChanged?.(this.titles);
  }

  private received(messages: Message[]): void {
    for (const message of messages) {
      if (!(message instanceof Message) || !(message.channelIdentifier instanceof ChannelIdentifier)) throw new TypeError('another SDK');
      if (this.open?.is(message.channelIdentifier)) this.open.messages.push(UiMessage.from(message));
    }
    void this.load();
  }
}

const plugin: IPluginGenerator<Workspace, Hooks> = {
  tag: 'workspace',
  verify: ({ tag }) => tag !== '',
  setup: (context: PluginContext, _, hooks) => {
    const logger = context.createLogger('workspace', 'IM');
    context.ondestroy = () => NCEngine.removeMessageHandler('workspace');
    return new Workspace(logger, context.getAppkey(), hooks);
  },
};

/** Writes to a peer, and says what the user would see. */
export async function main(peer: string, login: () => Promise<NCResult<{ userId: string }>>): Promise<string[]> {
  const seen: string[] = [];
  const workspace = __install__(plugin, { rowsChanged: (titles) => seen.push(...titles) });
  if (!workspace) return ['no plugin'];
  seen.push(`registered ${NCEngine.registerCustomMessages([ORDER]).isOk}, ${standard.includes(MessageType.TEXT)}`);
  const { isOk } = await login();
  await workspace.ready;
  const conversation = workspace.enter(new DirectChannelIdentifier(peer));
  const first = await conversation.send({ text: 'first' }, MessageType.TEXT, { pushContent: 'first' });
  const order = await conversation.send<Order>({ id: '7', total: 3 }, ORDER.messageType);
  const file = new File(['text'], 'notes.txt', { type: 'text/plain' });
  const attached = await conversation.attach(file);
  const byHand = await conversation.attachByHand(file);
  const reply = await conversation.reply(first.data!, 'second');
  const forwarded = await conversation.forward([first.data!, reply.data!]);
  seen.push([isOk, first, order, attached, byHand, reply, forwarded].map((one) => (typeof one === 'object' ? one.code : one)).join(' '));
  await workspace.load();
  const row = workspace.row(new DirectChannelIdentifier(peer))!;
  for (const item of ['pin', 'mute'] as const) await row.menu(item);
  await new DirectChannel(peer).saveDraft('not yet');
  await row.refresh();
  seen.push(row.title);
  const back = await conversation.takeBack(forwarded.data!, 120_000);
  const again = workspace.enter(new DirectChannelIdentifier(peer));
  while (await again.older(2));
  seen.push(`${back.code}: ${again.messages.map((message) => message.digest).join(', ')}`);
  const file2 = again.messages.find((message) => message.messageType === MessageType.FILE)!;
  seen.push(file2.content.remoteUrl, ...(await again.readState()));
  const quoted = Helper.unwrapReferenceMessage(again.messages.find((message) => message.messageType === MessageType.REFERENCE)!);
  seen.push(`quoted ${UiMessage.from(quoted).digest}, inner ${Helper.unwrapCombineMessage(forwarded.data!).length}`);
  seen.push(`readers ${(await again.readers(first.data!)).length}, sends ${new SendTextMessageParams({ text: '' }).messageType}`);
  await row.menu('unpin');
  await row.menu('unmute');
  await new DirectChannel(peer).clearDraft();
  await row.menu('remove');
  await workspace.load();
  seen.push(`left ${workspace.titles.length}`);
  return seen;
}

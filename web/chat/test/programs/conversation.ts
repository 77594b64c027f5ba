// A small program as app developers write them: log in, list, read, write, hear.
import {
  BaseChannel,
  ChannelHandler,
  ChannelNoDisturbLevel,
  ConnectionStatus,
  ConnectionStatusHandler,
  DirectChannel,
  Helper,
  LogLevel,
  MessageDirection,
  MessageHandler,
  MessageType,
  NCEngine,
  SendMessageParams,
  SendTextMessageParams,
  SentStatus,
} from '@nexconn/chat';
import type { Message, MessageReceivedEvent, TextMessageContent, TypingStatusChangedEvent } from '@nexconn/chat';

const lines: string[] = [];

interface OrderContent {
  orderId: string;
  amount: number;
}

function shown(message: Message): string {
  switch (message.messageType) {
    case MessageType.TEXT:
      return (message.content as TextMessageContent).text;
    case MessageType.FILE:
      return message.content.name;
    default:
      return `[${message.messageType}]`;
  }
}

export async function main(server: { appKey: string; url: string; token: string; peer: string }): Promise<string[]> {
  NCEngine.initialize({ appKey: server.appKey, naviServer: server.url, logLevel: LogLevel.WARN });
  NCEngine.addConnectionStatusHandler('app', new ConnectionStatusHandler({
    onConnectionStatusChanged({ status, code }) {
      lines.push(`status ${ConnectionStatus[status]}${code === undefined ? '' : ` ${code}`}`);
    },
  }));
  NCEngine.addMessageHandler('app', new MessageHandler({
    onMessageReceived(evt: MessageReceivedEvent) {
      evt.messages.forEach((message) => lines.push(`${message.direction === MessageDirection.SEND ? '>' : '<'} ${shown(message)}`));
    },
    onOfflineMessageSyncCompleted: () => lines.push('offline messages are here'),
  }));
  NCEngine.addChannelHandler('app', new ChannelHandler({
    onChannelsSyncComplete: () => {
      lines.push('channels are here');
    },
    onTypingStatusChanged: (evt: TypingStatusChangedEvent) => {
      lines.push(`${evt.userTypingStatus.length} typing`);
    },
  }));
  const registered = NCEngine.registerCustomMessages([
    { messageType: 'app:order', isPersisted: true, isCounted: true },
  ]);
  if (!registered.isOk) throw new Error(registered.msg);

  const { isOk, code, data, msg } = await NCEngine.connect({ token: server.token });
  if (!isOk) throw new Error(`connect: ${code} ${msg}`);
  lines.push(`I am ${data?.userId}, ${NCEngine.getCurrentUserId()}`);

  const channel = new DirectChannel(server.peer);
  const params = new SendTextMessageParams({ text: 'Hello' });
  params.needReceipt = true;
  const result = await channel.sendMessage(params);
  lines.push(result.isOk && result.data ? `sent ${result.data.content.text} ${result.data.sentStatus === SentStatus.SENT}` : `failed ${result.code}`);

  const order = await channel.sendMessage(new SendMessageParams<OrderContent>({ orderId: 'o-1', amount: 3 }, 'app:order'));
  lines.push(`order ${order.data?.content.amount}`);

  const quoted = Helper.wrapAsReferenceMessageContent(result.data as Message, 'I said hello');
  const answer = await channel.sendMessage(new SendMessageParams(quoted, MessageType.REFERENCE));
  if (answer.data) lines.push(`quotes ${shown(Helper.unwrapReferenceMessage(answer.data))}`);

  await channel.setNoDisturbLevel(ChannelNoDisturbLevel.MUTED);
  const channels = BaseChannel.createChannelsQuery({ pageSize: 20 });
  const page = await channels.loadNextPage();
  page.data?.data.forEach((one) => lines.push(`channel ${one.channelId}: ${one.latestMessage ? shown(one.latestMessage) : '-'}, ${one.unreadCount}`));

  const history = BaseChannel.createMessagesQuery({ channelIdentifier: channel.identifier, pageSize: 20, startTime: 0, isAscending: false });
  const messages = await history.loadNextPage();
  lines.push(`history ${messages.isOk ? messages.data?.data.map(shown).join(', ') : messages.code}, more: ${history.hasNext}`);
  await NCEngine.disconnect();
  NCEngine.removeMessageHandler('app');
  return lines;
}

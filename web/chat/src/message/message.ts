import { ChannelIdentifier, CommunitySubChannelIdentifier } from '../identifiers.js';
import type { ChannelType } from '../enums.js';
import { MessageDirection, SentStatus } from '../enums.js';
import type { Json } from '../json.js';
import { NCResult } from '../result.js';
import { notAvailable } from '../not-available.js';
import type { MentionedInfo, SenderUserInfo } from './content.js';

/** One message, sent or received. */
export class Message<T = Json> {
  /** The server's id; empty until the message is sent. */
  messageId = '';
  /** A number that is unique on this installation, from the first moment on. */
  clientId = 0;
  /** When it was sent, Unix time in milliseconds by the server's clock. */
  sentTime = 0;
  /** Who sent it: the current user or somebody else. */
  direction: MessageDirection = MessageDirection.SEND;
  /** What it says. */
  content!: T;
  /** Its type, one of {@link MessageType} or a name of the app's own. */
  messageType = '';
  /** Who sent it. */
  senderUserId = '';
  /** Where it was sent. */
  channelIdentifier!: ChannelIdentifier;
  /** How far it has come. */
  sentStatus: SentStatus = SentStatus.SENDING;
  /** Whether it stays in the history. */
  isPersisted = true;
  /** Whether it raises the unread count. */
  isCounted = true;
  /** Whether it reached only devices that were online. */
  isStatusMessage = false;
  /** Whether its sender wants to be told when it is read. */
  needReceipt?: boolean;
  /** Of a received message: whether its sender has been told that it is read. */
  sentReceipt?: boolean;
  /** In a group: the only members who receive it. */
  directedUserIds?: string[];
  /** Whether it makes no notification. */
  disableNotification?: boolean;
  /** Whether it was edited. */
  hasChanged?: boolean;
  /** Pairs that can be changed after sending. */
  metadata?: Record<string, Json>;
  /** About the last edit. */
  updateInfo?: Json;
  /** Whether it leaves the channel's latest message as it is. */
  disableUpdateLastMessage?: boolean;
  /** When it arrived here, Unix time in milliseconds. */
  receivedTime?: number;
  /** Flags of a received message. */
  receivedStatus?: number;
  /** What the app noted on this installation. */
  localExtra?: string;
  /** Of a message that was not sent: the code of the refusal. */
  failureCode?: number;

  /** A message with the given members; programs get theirs from the SDK or from `Helper.createMessage`. */
  constructor(members?: Partial<Pick<Message<T>, MessageField>>) {
    if (members !== undefined) Object.assign(this, members);
  }

  /** The kind of channel it was sent in. */
  get channelType(): ChannelType {
    return this.channelIdentifier.channelType;
  }

  /** The id of the channel it was sent in. */
  get channelId(): string {
    return this.channelIdentifier.channelId;
  }

  /** The subchannel it was sent in; empty outside communities. */
  get subChannelId(): string {
    const identifier = this.channelIdentifier;
    return identifier instanceof CommunitySubChannelIdentifier ? identifier.subChannelId : '';
  }

  /** What the app added to the content. */
  get extra(): string | undefined {
    return member<string>(this.content, 'extra');
  }

  /** What the sender told about themselves. */
  get userInfo(): SenderUserInfo | undefined {
    return member<SenderUserInfo>(this.content, 'senderUserInfo');
  }

  /** Whom it mentions. */
  get mentionedInfo(): MentionedInfo | undefined {
    return member<MentionedInfo>(this.content, 'mentionedInfo');
  }

  /** Asks for the text of a voice message. The server transcribes nothing yet. */
  requestSpeechToText(): Promise<NCResult> {
    return notAvailable('speech to text');
  }

  /** Sets pairs that can be changed after sending. The server keeps none yet. */
  setMetadata(_metadata: Record<string, string>): Promise<NCResult> {
    return notAvailable('message metadata');
  }

  /** Removes pairs. The server keeps none yet. */
  deleteMetadata(_keys: string[]): Promise<NCResult> {
    return notAvailable('message metadata');
  }
}

/** The members of a {@link Message} that can be given to its constructor. */
export type MessageField =
  | 'messageId' | 'clientId' | 'sentTime' | 'direction' | 'content' | 'messageType' | 'senderUserId'
  | 'channelIdentifier' | 'sentStatus' | 'isPersisted' | 'isCounted' | 'isStatusMessage' | 'needReceipt'
  | 'sentReceipt' | 'directedUserIds' | 'disableNotification' | 'hasChanged' | 'metadata' | 'updateInfo'
  | 'disableUpdateLastMessage' | 'receivedTime' | 'receivedStatus' | 'localExtra' | 'failureCode';

function member<V>(content: unknown, name: string): V | undefined {
  return typeof content === 'object' && content !== null ? (content as Record<string, V>)[name] : undefined;
}

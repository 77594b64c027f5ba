import type { ChannelNoDisturbLevel } from '../enums.js';
import {
  CommunityChannelIdentifier,
  CommunitySubChannelIdentifier,
  OpenChannelIdentifier,
} from '../identifiers.js';
import type { Message } from '../message/message.js';
import { notAvailable } from '../not-available.js';
import { PageQuery } from '../query.js';
import type { NCResult } from '../result.js';
import { BaseChannel } from './base.js';

const COMMUNITIES = 'community channels';
const OPEN = 'open channels';

/** A community. The server has none yet: calls answer {@link NCCode.NOT_AVAILABLE}. */
export class CommunityChannel extends BaseChannel {
  /** The community `id`. */
  constructor(id: string) {
    super(new CommunityChannelIdentifier(id));
  }

  override setNoDisturbLevel(_level: ChannelNoDisturbLevel): Promise<NCResult> {
    return notAvailable(COMMUNITIES);
  }

  /** Its subchannels. */
  getSubChannels(): Promise<NCResult<CommunitySubChannel[]>> {
    return notAvailable(COMMUNITIES);
  }

  /** Unread messages of all its subchannels. */
  getTotalUnreadCount(): Promise<NCResult<number>> {
    return notAvailable(COMMUNITIES);
  }

  /** Unread mentions of all its subchannels. */
  getTotalUnreadMentionedCount(): Promise<NCResult<number>> {
    return notAvailable(COMMUNITIES);
  }

  /** Which messages the server still has. */
  checkRemoteMessages(_messages: Message[]): Promise<NCResult<Message[]>> {
    return notAvailable(COMMUNITIES);
  }

  /** Recalls a message. */
  override deleteMessageForAll(_params: Message | { message: Message; deleteRemote?: boolean }): Promise<NCResult> {
    return notAvailable(COMMUNITIES);
  }
}

/** A subchannel of a community. The server has none yet: calls answer {@link NCCode.NOT_AVAILABLE}. */
export class CommunitySubChannel extends BaseChannel {
  /** The subchannel's id inside the community. */
  readonly subChannelId: string;

  /** The subchannel `subChannelId` of the community `id`. */
  constructor(id: string, subChannelId: string) {
    super(new CommunitySubChannelIdentifier(id, subChannelId));
    this.subChannelId = subChannelId;
  }
}

/** How to go into an open channel. */
export interface EnterOpenChannelParams {
  /** How many of the newest messages to get. */
  messageCount?: number;
  /** Shown to those inside. */
  extra?: string;
}

/** An open channel as it was on going in. */
export interface OpenChannelEnterResponseInfo {
  /** When it was made, Unix time in milliseconds. */
  createTime: number;
  /** How many are inside. */
  memberCount: number;
  /** Whether nobody may write. */
  isAllChannelMuted: boolean;
  /** Whether the current user may not write anywhere. */
  isCurrentUserMuted: boolean;
  /** Whether the current user may not write here. */
  isCurrentChannelMuted: boolean;
  /** Whether the current user may write although others may not. */
  isCurrentChannelInAllowlist: boolean;
  /** When the user went in, Unix time in milliseconds. */
  enterTime: number;
}

/** Pages of an open channel's messages. */
export class OpenChannelMessagesQuery extends PageQuery<Message, number> {}

/** A room that users enter and leave. The server has none yet: calls answer {@link NCCode.NOT_AVAILABLE}. */
export class OpenChannel extends BaseChannel {
  /** The open channel `id`. */
  constructor(id: string) {
    super(new OpenChannelIdentifier(id));
  }

  /** Goes in. */
  enterChannel(_params?: EnterOpenChannelParams): Promise<NCResult<OpenChannelEnterResponseInfo>> {
    return notAvailable(OPEN);
  }

  /** Goes out. */
  exitChannel(): Promise<NCResult> {
    return notAvailable(OPEN);
  }

  /** Sets pairs that everybody inside sees. */
  setMetadata(_params: {
    metadata: Record<string, string>;
    deleteWhenLeft?: boolean;
    overwrite?: boolean;
  }): Promise<NCResult> {
    return notAvailable(OPEN);
  }

  /** Removes pairs. */
  deleteMetadata(_params: { keys: string[]; isForce?: boolean }): Promise<NCResult> {
    return notAvailable(OPEN);
  }

  /** Lists messages. */
  createOpenChannelMessagesQuery(_params?: {
    pageSize?: number;
    startTime?: number;
    isAscending?: boolean;
  }): OpenChannelMessagesQuery {
    return new OpenChannelMessagesQuery(0, () => notAvailable(OPEN));
  }
}

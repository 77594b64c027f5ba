/**
 * Which object stands for which identifier.
 *
 * The kinds of channels make each other's objects, so these modules import each other in a circle. `channel/index.ts`
 * is the door: it begins with this module, and so each class is there before those that extend it.
 *
 * @module
 */

import { ChannelType } from '../enums.js';
import type { ChannelIdentifier } from '../identifiers.js';
import { CommunitySubChannelIdentifier } from '../identifiers.js';
import { BaseChannel } from './base.js';
import { CommunityChannel, CommunitySubChannel, OpenChannel } from './community.js';
import { DirectChannel, SystemChannel } from './direct.js';
import { GroupChannel } from './group.js';

/** The channel's object, without any state yet. */
export function channelFor(identifier: ChannelIdentifier): BaseChannel {
  const { channelType, channelId } = identifier;
  switch (channelType) {
    case ChannelType.DIRECT:
      return new DirectChannel(channelId);
    case ChannelType.GROUP:
      return new GroupChannel(channelId);
    case ChannelType.SYSTEM:
      return new SystemChannel(channelId);
    case ChannelType.OPEN:
      return new OpenChannel(channelId);
    case ChannelType.COMMUNITY:
      return identifier instanceof CommunitySubChannelIdentifier
        ? new CommunitySubChannel(channelId, identifier.subChannelId)
        : new CommunityChannel(channelId);
    default:
      return new BaseChannel(identifier);
  }
}

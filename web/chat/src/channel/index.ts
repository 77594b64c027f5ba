/**
 * All kinds of channels, and which object stands for which identifier.
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
import { setChannelMaker } from './records.js';

function channelFor(identifier: ChannelIdentifier): BaseChannel {
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

setChannelMaker(channelFor);

export { BaseChannel, CommunityChannel, CommunitySubChannel, DirectChannel, GroupChannel, OpenChannel, SystemChannel };
export * from './queries.js';
export * from './group-types.js';
export {
  GroupApplicationsQuery,
  GroupMembersByRoleQuery,
  JoinedGroupsByRoleQuery,
  SearchGroupMembersQuery,
} from './group.js';
export type { GroupMembersByRoleQueryParams, QuitGroupConfig } from './group.js';
export { OpenChannelMessagesQuery } from './community.js';
export type { EnterOpenChannelParams, OpenChannelEnterResponseInfo } from './community.js';

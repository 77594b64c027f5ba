/**
 * All kinds of channels.
 *
 * @module
 */

// First, see there.
import './make.js';

export { BaseChannel } from './base.js';
export { DirectChannel, SystemChannel } from './direct.js';
export {
  GroupApplicationsQuery,
  GroupChannel,
  GroupMembersByRoleQuery,
  JoinedGroupsByRoleQuery,
  SearchGroupMembersQuery,
} from './group.js';
export type { GroupMembersByRoleQueryParams, QuitGroupConfig } from './group.js';
export { CommunityChannel, CommunitySubChannel, OpenChannel, OpenChannelMessagesQuery } from './community.js';
export type { EnterOpenChannelParams, OpenChannelEnterResponseInfo } from './community.js';
export * from './queries.js';
export * from './group-types.js';
export type { ChannelTagInfo } from './tags.js';

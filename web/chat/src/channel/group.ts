import type {
  GroupApplicationDirection,
  GroupApplicationStatus,
  GroupMemberRole,
} from '../enums.js';
import { GroupChannelIdentifier } from '../identifiers.js';
import { notAvailable } from '../not-available.js';
import { PageQuery } from '../query.js';
import type { NCResult } from '../result.js';
import { BaseChannel } from './base.js';
import type {
  CreateGroupParams,
  GroupApplicationInfo,
  GroupInfo,
  GroupMemberInfo,
  GroupOperationResult,
} from './group-types.js';

const GROUPS = 'group channels';

/** Pages of a group's members. */
export class GroupMembersByRoleQuery extends PageQuery<GroupMemberInfo> {}

/** Pages of the groups that the current user is in. */
export class JoinedGroupsByRoleQuery extends PageQuery<GroupInfo> {}

/** Pages of requests to join groups. */
export class GroupApplicationsQuery extends PageQuery<GroupApplicationInfo> {}

/** Pages of members found. */
export class SearchGroupMembersQuery extends PageQuery<GroupMemberInfo> {}

/** Which members to list. */
export interface GroupMembersByRoleQueryParams {
  /** Of which group. */
  groupId: string;
  /** Of which role; UNDEF for all. */
  role: GroupMemberRole;
  /** How many on each page. */
  pageSize?: number;
  /** Oldest first. */
  isAscending?: boolean;
}

/** What leaving or being removed also takes away. */
export interface QuitGroupConfig {
  /** The member's mute. */
  removeMuteStatus?: boolean;
  /** The member's place in the allow list. */
  removeWhiteList?: boolean;
  /** The member's favourites. */
  removeFollow?: boolean;
}

/**
 * A group of users.
 *
 * There are no calls for groups here yet: they answer {@link NCCode.NOT_AVAILABLE} and never throw.
 */
export class GroupChannel extends BaseChannel {
  /** The channel of the group `id`. */
  constructor(id: string) {
    super(new GroupChannelIdentifier(id));
  }

  /** Makes a group. */
  static createGroup(_params: CreateGroupParams): Promise<NCResult<GroupOperationResult>> {
    return notAvailable(GROUPS);
  }

  /** Lists a group's members. */
  static createGroupMembersByRoleQuery(_params: GroupMembersByRoleQueryParams): GroupMembersByRoleQuery {
    return new GroupMembersByRoleQuery('', () => notAvailable(GROUPS));
  }

  /** Information about groups. */
  static getGroupsInfo(_groupIds: string[]): Promise<NCResult<GroupInfo[]>> {
    return notAvailable(GROUPS);
  }

  /** Those of the groups that the current user is in. */
  static getJoinedGroups(_groupIds: string[]): Promise<NCResult<GroupInfo[]>> {
    return notAvailable(GROUPS);
  }

  /** Groups of the current user whose name holds the text. */
  static searchJoinedGroups(_params: { groupName: string; pageSize?: number }): JoinedGroupsByRoleQuery {
    return new JoinedGroupsByRoleQuery('', () => notAvailable(GROUPS));
  }

  /** Lists the groups in which the current user has a role. */
  static createJoinedGroupsByRoleQuery(_params: { role: GroupMemberRole; pageSize?: number }): JoinedGroupsByRoleQuery {
    return new JoinedGroupsByRoleQuery('', () => notAvailable(GROUPS));
  }

  /** Lists requests to join groups. */
  static createGroupApplicationsQuery(_params: {
    directions?: GroupApplicationDirection[];
    status?: GroupApplicationStatus[];
    pageSize?: number;
  }): GroupApplicationsQuery {
    return new GroupApplicationsQuery('', () => notAvailable(GROUPS));
  }

  /** Changes the group's information. */
  updateInfo(_params: Partial<CreateGroupParams>): Promise<NCResult<GroupOperationResult>> {
    return notAvailable(GROUPS);
  }

  /** Joins, or asks to. */
  join(): Promise<NCResult<GroupOperationResult>> {
    return notAvailable(GROUPS);
  }

  /** Leaves. */
  leave(_config?: QuitGroupConfig): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Ends the group for everybody. */
  dismiss(): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Removes members. */
  kickMembers(_params: { userIds: string[]; config?: QuitGroupConfig }): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Invites users. */
  inviteUsers(_userIds: string[]): Promise<NCResult<GroupOperationResult>> {
    return notAvailable(GROUPS);
  }

  /** Accepts an invitation. */
  acceptInvite(_inviterId: string): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Refuses an invitation. */
  refuseInvite(_params: { inviterId: string; reason?: string }): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Accepts a request to join. */
  acceptApplication(_params: { inviterId?: string; applicantId: string }): Promise<NCResult<GroupOperationResult>> {
    return notAvailable(GROUPS);
  }

  /** Refuses a request to join. */
  refuseApplication(_params: { inviterId?: string; applicantId: string; reason?: string }): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Gives the group to another owner. */
  transferOwner(_params: {
    newOwnerId: string;
    leaveAfterTransfer?: boolean;
    config?: QuitGroupConfig;
  }): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Names managers. */
  addAdmins(_userIds: string[]): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Makes managers plain members. */
  removeAdmins(_userIds: string[]): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Members by id. */
  getMembers(_userIds: string[]): Promise<NCResult<GroupMemberInfo[]>> {
    return notAvailable(GROUPS);
  }

  /** Changes a member's nickname and extra. */
  setMemberInfo(_params: { userId: string; nickname?: string; extra?: string }): Promise<NCResult<GroupOperationResult>> {
    return notAvailable(GROUPS);
  }

  /** Finds members by name. */
  createSearchGroupMembersQuery(_params: { memberName: string; pageSize?: number }): SearchGroupMembersQuery {
    return new SearchGroupMembersQuery('', () => notAvailable(GROUPS));
  }

  /** Sets what the current user calls the group. */
  setRemark(_remark: string): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Marks members as favourites. */
  addFavorites(_userIds: string[]): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** Marks members as favourites no more. */
  removeFavorites(_userIds: string[]): Promise<NCResult> {
    return notAvailable(GROUPS);
  }

  /** The favourite members. */
  getFavorites(): Promise<NCResult<string[]>> {
    return notAvailable(GROUPS);
  }
}

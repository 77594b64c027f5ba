import { client } from '../client.js';
import { NCCode } from '../codes.js';
import type { AnswerBody, RequestInit } from '../core/api.js';
import type { GroupApplicationDirection, GroupApplicationStatus } from '../enums.js';
import { GroupMemberRole } from '../enums.js';
import { GroupResult_Process } from '../gen/nuncio/v1/frame_pb.js';
import { GroupChannelIdentifier } from '../identifiers.js';
import { badArgument } from '../not-available.js';
import type { LoadedPage } from '../query.js';
import { PageQuery } from '../query.js';
import { NCResult } from '../result.js';
import { BaseChannel } from './base.js';
import { changeOf, groupApplicationOf, groupOf, keyOf, memberOf } from './group-convert.js';
import type {
  CreateGroupParams,
  GroupApplicationInfo,
  GroupInfo,
  GroupMemberInfo,
  GroupMuteInfo,
  GroupOperationResult,
} from './group-types.js';

type AnswerCase = NonNullable<AnswerBody['case']>;
type ValueOf<C extends AnswerCase> = Extract<AnswerBody, { case: C }>['value'];

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

/** What leaving or being removed also takes away: everything, unless it says `false`. */
export interface QuitGroupConfig {
  /** The member's mute. */
  removeMuteStatus?: boolean;
  /** The member's place in the allow list. */
  removeWhiteList?: boolean;
  /** The member's favourites. */
  removeFollow?: boolean;
}

/** A group of users. */
export class GroupChannel extends BaseChannel {
  /** The channel of the group `id`. */
  constructor(id: string) {
    super(new GroupChannelIdentifier(id));
  }

  /**
   * Makes a group that the current user owns. `data.processCode` is 25427 where invited users must agree first.
   *
   * @returns a failure names the members refused in `data.errorKeys`
   */
  static async createGroup(params: CreateGroupParams): Promise<NCResult<GroupOperationResult>> {
    const { groupId, groupName, inviteeUserIds = [] } = params ?? {};
    if (!isId(groupId)) return badArgument('groupId is missing');
    if (!isId(groupName)) return badArgument('groupName is missing');
    if (!isIdList(inviteeUserIds)) return badArgument('inviteeUserIds is not a list of user ids');
    return processed({ case: 'createGroup', value: { groupId, info: changeOf(params), userIds: inviteeUserIds } });
  }

  /** Lists a group's members, the last joined first. The current user must be one. */
  static createGroupMembersByRoleQuery(params: GroupMembersByRoleQueryParams): GroupMembersByRoleQuery {
    const { groupId = '', role = GroupMemberRole.UNDEF, pageSize = 20, isAscending = false } = params ?? {};
    return new GroupMembersByRoleQuery('', (pageToken) =>
      membersPage({ groupId, role: role as number, pageToken, limit: pageSize, ascending: isAscending }),
    );
  }

  /** Information about up to 50 groups, whether the current user is in them or not. Those that do not exist are left out. */
  static async getGroupsInfo(groupIds: string[]): Promise<NCResult<GroupInfo[]>> {
    if (!isIdList(groupIds)) return badArgument('groupIds is not a list of group ids');
    return ask({ case: 'getGroups', value: { groupIds } }, 'groups', ({ groups }) => groups.map(groupOf));
  }

  /** Those of up to 50 groups that the current user is in. */
  static async getJoinedGroups(groupIds: string[]): Promise<NCResult<GroupInfo[]>> {
    if (!isIdList(groupIds)) return badArgument('groupIds is not a list of group ids');
    if (groupIds.length === 0) return NCResult.ok([]);
    return ask({ case: 'getJoinedGroups', value: { groupIds } }, 'groups', ({ groups }) => groups.map(groupOf));
  }

  /** Groups of the current user whose name, or remark, holds the text. */
  static searchJoinedGroups(params: { groupName: string; pageSize?: number; isAscending?: boolean }): JoinedGroupsByRoleQuery {
    const { groupName = '', pageSize = 20, isAscending = false } = params ?? {};
    return new JoinedGroupsByRoleQuery('', (pageToken) =>
      groupsPage({ name: groupName, pageToken, limit: pageSize, ascending: isAscending }),
    );
  }

  /** Lists the groups in which the current user has a role, the last joined first; UNDEF for all. */
  static createJoinedGroupsByRoleQuery(params: {
    role: GroupMemberRole;
    pageSize?: number;
    isAscending?: boolean;
  }): JoinedGroupsByRoleQuery {
    const { role = GroupMemberRole.UNDEF, pageSize = 20, isAscending = false } = params ?? {};
    return new JoinedGroupsByRoleQuery('', (pageToken) =>
      groupsPage({ role: role as number, pageToken, limit: pageSize, ascending: isAscending }),
    );
  }

  /** Lists requests to join groups and invitations, sent and received, the latest change first. */
  static createGroupApplicationsQuery(
    params: {
      directions?: GroupApplicationDirection[];
      status?: GroupApplicationStatus[];
      pageSize?: number;
      isAscending?: boolean;
    } = {},
  ): GroupApplicationsQuery {
    const { directions = [], status = [], pageSize = 20, isAscending = false } = params;
    return new GroupApplicationsQuery('', (pageToken) => {
      const value = {
        directions: directions.map((direction) => direction + 1),
        statuses: status.map((one) => one + 1),
        pageToken,
        limit: pageSize,
        ascending: isAscending,
      };
      return ask({ case: 'getGroupApplications', value }, 'groupApplications', (page) => ({
        data: page.applications.map(groupApplicationOf),
        totalCount: page.totalCount,
        next: page.nextPageToken || undefined,
      }));
    });
  }

  /**
   * Changes the members given and leaves the others. Permissions are the owner's to change.
   *
   * @returns a failure names the members refused in `data.errorKeys`
   */
  async updateInfo(params: Partial<CreateGroupParams>): Promise<NCResult<GroupOperationResult>> {
    if (typeof params !== 'object' || params === null) return badArgument('params is missing');
    return processed({ case: 'updateGroup', value: { groupId: this.#id, info: changeOf(params) } });
  }

  /** Joins, or asks to: `data.processCode` is 25424 while somebody has to approve. */
  join(): Promise<NCResult<GroupOperationResult>> {
    return processed({ case: 'joinGroup', value: { groupId: this.#id } });
  }

  /** Leaves. Who owns the group gives it away or dismisses it first. */
  leave(config?: QuitGroupConfig): Promise<NCResult> {
    return done({ case: 'leaveGroup', value: { groupId: this.#id, leaving: leavingOf(config) } });
  }

  /** Ends the group for everybody. */
  dismiss(): Promise<NCResult> {
    return done({ case: 'dismissGroup', value: { groupId: this.#id } });
  }

  /** Removes up to 100 members. */
  async kickMembers(params: { userIds: string[]; config?: QuitGroupConfig }): Promise<NCResult> {
    const { userIds, config } = params ?? {};
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'kickGroupMembers', value: { groupId: this.#id, userIds, leaving: leavingOf(config) } });
  }

  /** Invites up to 30 users. `data.processCode` is 25424 while somebody has to approve, 25427 while they must agree. */
  async inviteUsers(userIds: string[]): Promise<NCResult<GroupOperationResult>> {
    if (!isIdList(userIds)) return badUserIds();
    return processed({ case: 'inviteToGroup', value: { groupId: this.#id, userIds } });
  }

  /** Accepts an invitation. */
  async acceptInvite(inviterId: string): Promise<NCResult> {
    if (!isId(inviterId)) return badArgument('inviterId is missing');
    return done({ case: 'answerGroupInvitation', value: { groupId: this.#id, inviterId, accept: true } });
  }

  /** Refuses an invitation. */
  async refuseInvite(params: { inviterId: string; reason?: string }): Promise<NCResult> {
    const { inviterId, reason = '' } = params ?? {};
    if (!isId(inviterId)) return badArgument('inviterId is missing');
    return done({ case: 'answerGroupInvitation', value: { groupId: this.#id, inviterId, accept: false, reason } });
  }

  /** Accepts a request to join, or a member's invitation. `data.processCode` is 25427 where the invited user must agree. */
  async acceptApplication(params: { inviterId?: string; applicantId: string }): Promise<NCResult<GroupOperationResult>> {
    const { inviterId = '', applicantId } = params ?? {};
    if (!isId(applicantId)) return badArgument('applicantId is missing');
    const value = { groupId: this.#id, userId: applicantId, inviterId, accept: true };
    return processed({ case: 'answerGroupApplication', value });
  }

  /** Refuses a request to join, or a member's invitation. */
  async refuseApplication(params: { inviterId?: string; applicantId: string; reason?: string }): Promise<NCResult> {
    const { inviterId = '', applicantId, reason = '' } = params ?? {};
    if (!isId(applicantId)) return badArgument('applicantId is missing');
    const value = { groupId: this.#id, userId: applicantId, inviterId, accept: false, reason };
    return (await processed({ case: 'answerGroupApplication', value })).wipe();
  }

  /** Gives the group to another owner. */
  async transferOwner(params: {
    newOwnerId: string;
    leaveAfterTransfer?: boolean;
    config?: QuitGroupConfig;
  }): Promise<NCResult> {
    const { newOwnerId, leaveAfterTransfer = false, config } = params ?? {};
    if (!isId(newOwnerId)) return badArgument('newOwnerId is missing');
    const leaving = leaveAfterTransfer ? { leaving: leavingOf(config) } : {};
    return done({ case: 'transferGroup', value: { groupId: this.#id, ownerId: newOwnerId, ...leaving } });
  }

  /** Names managers. A group has at most 10. */
  async addAdmins(userIds: string[]): Promise<NCResult> {
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'setGroupAdmins', value: { groupId: this.#id, userIds, admins: true } });
  }

  /** Makes managers plain members. */
  async removeAdmins(userIds: string[]): Promise<NCResult> {
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'setGroupAdmins', value: { groupId: this.#id, userIds, admins: false } });
  }

  /** Up to 100 members by id; who is none is left out. */
  async getMembers(userIds: string[]): Promise<NCResult<GroupMemberInfo[]>> {
    if (!isIdList(userIds)) return badUserIds();
    if (userIds.length === 0) return NCResult.ok([]);
    const page = await membersPage({ groupId: this.#id, userIds });
    return page.isOk ? NCResult.ok(page.data?.data ?? []) : page.wipe();
  }

  /** Changes a member's nickname and extra; an empty text removes, and what is left out stays. */
  async setMemberInfo(params: { userId: string; nickname?: string; extra?: string }): Promise<NCResult<GroupOperationResult>> {
    const { userId, nickname, extra } = params ?? {};
    if (!isId(userId)) return badArgument('userId is missing');
    const changes = { ...(nickname === undefined ? {} : { nickname }), ...(extra === undefined ? {} : { extra }) };
    return processed({ case: 'setGroupMember', value: { groupId: this.#id, userId, ...changes } });
  }

  /** Finds members by nickname or name. */
  createSearchGroupMembersQuery(params: { memberName: string; pageSize?: number; isAscending?: boolean }): SearchGroupMembersQuery {
    const { memberName = '', pageSize = 20, isAscending = false } = params ?? {};
    return new SearchGroupMembersQuery('', (pageToken) =>
      membersPage({ groupId: this.#id, name: memberName, pageToken, limit: pageSize, ascending: isAscending }),
    );
  }

  /** Sets what the current user calls the group; empty for nothing. */
  async setRemark(remark: string): Promise<NCResult> {
    if (typeof remark !== 'string') return badArgument('remark is not a text');
    return done({ case: 'setGroupAlias', value: { groupId: this.#id, alias: remark } });
  }

  /** Marks up to 100 members as favourites. */
  async addFavorites(userIds: string[]): Promise<NCResult> {
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'setGroupFavorites', value: { groupId: this.#id, add: userIds } });
  }

  /** Marks members as favourites no more. */
  async removeFavorites(userIds: string[]): Promise<NCResult> {
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'setGroupFavorites', value: { groupId: this.#id, remove: userIds } });
  }

  /** The favourite members. */
  getFavorites(): Promise<NCResult<string[]>> {
    return ask({ case: 'getGroupFavorites', value: { groupId: this.#id } }, 'userIds', (list) => list.userIds);
  }

  // Beyond the published surface: who may speak.

  /** Mutes up to 20 members for so many minutes, or until they are unmuted. The owner and managers may, those below them. */
  async muteMembers(params: { userIds: string[]; minutes?: number }): Promise<NCResult> {
    const { userIds, minutes = 0 } = params ?? {};
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'muteGroupMembers', value: { groupId: this.#id, userIds, muted: true, minutes } });
  }

  /** Lets members speak again. */
  async unmuteMembers(userIds: string[]): Promise<NCResult> {
    if (!isIdList(userIds)) return badUserIds();
    return done({ case: 'muteGroupMembers', value: { groupId: this.#id, userIds, muted: false } });
  }

  /** Who is muted. */
  getMutedMembers(): Promise<NCResult<GroupMuteInfo[]>> {
    return ask({ case: 'getGroupMutes', value: { groupId: this.#id } }, 'groupMutes', ({ mutes }) =>
      mutes.map(({ userId, mutedAt, until }) => ({ userId, muteTime: Number(mutedAt), muteEndTime: Number(until) })),
    );
  }

  /** Mutes everybody except those who are allowed, or lets all speak again. */
  setFrozen(isFrozen: boolean): Promise<NCResult> {
    return done({ case: 'freezeGroup', value: { groupId: this.#id, frozen: isFrozen } });
  }

  /** Sets who may speak while the group is frozen, up to 20 each. */
  async setAllowedSenders(params: { add?: string[]; remove?: string[] }): Promise<NCResult> {
    const { add = [], remove = [] } = params ?? {};
    if (!isIdList(add) || !isIdList(remove)) return badUserIds();
    return done({ case: 'setGroupSenders', value: { groupId: this.#id, add, remove } });
  }

  /** Who may speak while the group is frozen. */
  getAllowedSenders(): Promise<NCResult<string[]>> {
    return ask({ case: 'getGroupSenders', value: { groupId: this.#id } }, 'userIds', (list) => list.userIds);
  }

  get #id(): string {
    return this.identifier.channelId;
  }
}

function membersPage(
  value: Extract<RequestInit, { case: 'getGroupMembers' }>['value'],
): Promise<NCResult<LoadedPage<GroupMemberInfo, string>>> {
  return ask({ case: 'getGroupMembers', value }, 'groupMembers', (page) => ({
    data: page.members.map(memberOf),
    totalCount: page.totalCount,
    next: page.nextPageToken || undefined,
  }));
}

function groupsPage(
  value: Extract<RequestInit, { case: 'getJoinedGroups' }>['value'],
): Promise<NCResult<LoadedPage<GroupInfo, string>>> {
  return ask({ case: 'getJoinedGroups', value }, 'groups', (page) => ({
    data: page.groups.map(groupOf),
    totalCount: page.totalCount,
    next: page.nextPageToken || undefined,
  }));
}

async function ask<C extends AnswerCase, T>(body: RequestInit, expected: C, read: (value: ValueOf<C>) => T): Promise<NCResult<T>> {
  const answer = await client.request(body);
  if (!answer.isOk) return answer as NCResult<never>;
  if (answer.data?.case !== expected) return NCResult.fail(NCCode.BAD_FRAME, `${body.case}: the server did not answer as agreed`);
  return NCResult.ok(read(answer.data.value as ValueOf<C>));
}

async function done(body: RequestInit): Promise<NCResult> {
  const answer = await client.request(body);
  return answer.isOk ? NCResult.ok() : (answer as NCResult<never>);
}

/** Asks, and says whom the operation waits for, or what of it was refused. */
async function processed(body: RequestInit): Promise<NCResult<GroupOperationResult>> {
  const answer = await client.request(body);
  if (!answer.isOk) {
    const { errorKeys = [] } = (answer.data ?? {}) as GroupOperationResult;
    const data = errorKeys.length > 0 ? { errorKeys: errorKeys.map(keyOf) } : undefined;
    return NCResult.fail<GroupOperationResult>(answer.code, answer.msg, data);
  }
  const process = answer.data?.case === 'groupResult' ? answer.data.value.process : GroupResult_Process.DONE;
  switch (process) {
    case GroupResult_Process.APPROVAL_PENDING:
      return NCResult.ok({ processCode: NCCode.GROUP_APPROVAL_PENDING });
    case GroupResult_Process.CONSENT_PENDING:
      return NCResult.ok({ processCode: NCCode.GROUP_CONSENT_PENDING });
    default:
      return NCResult.ok({ processCode: 0 });
  }
}

function leavingOf(config?: QuitGroupConfig): { keepMute: boolean; keepAllowed: boolean; keepFavorites: boolean } {
  return {
    keepMute: config?.removeMuteStatus === false,
    keepAllowed: config?.removeWhiteList === false,
    keepFavorites: config?.removeFollow === false,
  };
}

function badUserIds(): NCResult<never> {
  return badArgument('userIds is not a list of user ids');
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== '';
}

function isIdList(ids: unknown): ids is string[] {
  return Array.isArray(ids) && ids.every(isId);
}

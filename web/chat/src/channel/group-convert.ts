/**
 * Groups as programs see them, from what travels.
 *
 * @module
 */

import type { RequestInit } from '../core/api.js';
import type { GroupMemberRole } from '../enums.js';
import type { Group, GroupApplication, GroupMember } from '../gen/nuncio/v1/message_pb.js';
import type { CreateGroupParams, GroupApplicationInfo, GroupInfo, GroupMemberInfo } from './group-types.js';

/** A group. What the current user calls it and is in it is there only where the server tells it. */
export function groupOf(group: Group): GroupInfo {
  const info: GroupInfo = {
    groupId: group.id,
    groupName: group.name,
    portraitUri: group.avatarUrl,
    introduction: group.introduction,
    notice: group.announcement,
    extProfile: { ...group.extProfile },
    memberCount: group.memberCount,
    ownerId: group.ownerId,
    creatorId: group.creatorId,
    createTime: Number(group.createdAt),
    isFrozen: group.frozen,
  };
  const { permissions } = group;
  if (permissions !== undefined) {
    info.joinPermission = permissions.join as number;
    info.invitePermission = permissions.invite as number;
    info.inviteHandlePermission = permissions.inviteHandle as number;
    info.groupInfoEditPermission = permissions.profile as number;
    info.memberInfoEditPermission = permissions.memberProfile as number;
    info.removeMemberPermission = permissions.remove as number;
  }
  if (group.role > 0) {
    info.remark = group.alias;
    info.role = group.role as GroupMemberRole;
    info.joinedTime = Number(group.joinedAt);
  }
  return info;
}

/** A user in a group, or at its door. */
export function memberOf(member: GroupMember): GroupMemberInfo {
  return {
    userId: member.userId,
    name: member.name,
    nickname: member.nickname,
    portraitUri: member.avatarUrl,
    extra: member.extra,
    joinedTime: Number(member.joinedAt),
    role: member.role as GroupMemberRole,
  };
}

/** An application or invitation. The enums count from 0, the wire from 1. */
export function groupApplicationOf(application: GroupApplication): GroupApplicationInfo {
  const info: GroupApplicationInfo = {
    groupId: application.groupId,
    groupName: application.groupName,
    direction: application.direction - 1,
    status: application.status - 1,
    reason: application.reason,
    operationTime: Number(application.at),
  };
  if (application.joiner !== undefined) info.joinMemberInfo = memberOf(application.joiner);
  if (application.inviter !== undefined) info.inviterInfo = memberOf(application.inviter);
  if (application.operator !== undefined) info.operatorInfo = memberOf(application.operator);
  return info;
}

type ChangeOf<C> = C extends { case: 'createGroup'; value: infer V } ? (V extends { info?: infer I } ? NonNullable<I> : never) : never;

/** What a group is to say of itself; what is left out stays. */
export function changeOf(params: Partial<CreateGroupParams>): ChangeOf<RequestInit> {
  const change: Record<string, unknown> = { extProfile: { ...params.extProfile } };
  const permissions: Record<string, unknown> = {};
  const put = (to: Record<string, unknown>, key: string, value: unknown): void => {
    if (value !== undefined) to[key] = value;
  };
  put(change, 'name', params.groupName);
  put(change, 'avatarUrl', params.portraitUri);
  put(change, 'introduction', params.introduction);
  put(change, 'announcement', params.notice);
  put(permissions, 'join', params.joinPermission);
  put(permissions, 'remove', params.removeMemberPermission);
  put(permissions, 'invite', params.invitePermission);
  put(permissions, 'inviteHandle', params.inviteHandlePermission);
  put(permissions, 'profile', params.groupInfoEditPermission);
  put(permissions, 'memberProfile', params.memberInfoEditPermission);
  if (Object.keys(permissions).length > 0) change['permissions'] = permissions;
  return change as ChangeOf<RequestInit>;
}

/** What the server calls refused members, as programs do. */
const KEYS: Readonly<Record<string, string>> = {
  name: 'groupName',
  portraitUrl: 'portraitUri',
  announcement: 'notice',
  joinPerm: 'joinPermission',
  removePerm: 'removeMemberPermission',
  memInvitePerm: 'invitePermission',
  invitePerm: 'inviteHandlePermission',
  profilePerm: 'groupInfoEditPermission',
  memProfilePerm: 'memberInfoEditPermission',
};

/** The name under which a program gave a member that was refused. */
export function keyOf(key: string): string {
  return KEYS[key] ?? key;
}

/** The members of a group's information that the fields of an event name. */
export function changedOf(info: GroupInfo, fields: readonly string[]): Partial<GroupInfo> {
  const names: Readonly<Record<string, keyof GroupInfo>> = {
    name: 'groupName',
    avatar_url: 'portraitUri',
    introduction: 'introduction',
    announcement: 'notice',
    ext_profile: 'extProfile',
    'permissions.join': 'joinPermission',
    'permissions.remove': 'removeMemberPermission',
    'permissions.invite': 'invitePermission',
    'permissions.invite_handle': 'inviteHandlePermission',
    'permissions.profile': 'groupInfoEditPermission',
    'permissions.member_profile': 'memberInfoEditPermission',
  };
  const changed: Record<string, unknown> = {};
  for (const field of fields) {
    const name = names[field];
    if (name !== undefined) changed[name] = info[name];
  }
  return changed as Partial<GroupInfo>;
}

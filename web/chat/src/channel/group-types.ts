import type {
  GroupApplicationDirection,
  GroupApplicationStatus,
  GroupInviteHandlePermission,
  GroupJoinPermission,
  GroupMemberInfoEditPermission,
  GroupMemberRole,
  GroupOperationPermission,
} from '../enums.js';

import type { Json } from '../json.js';

/** A group's member. */
export interface GroupMemberInfo {
  /** Who. */
  userId: string;
  /** The name of their profile. */
  name?: string;
  /** What they are called in this group. */
  nickname?: string;
  /** Their avatar's URL. */
  portraitUri?: string;
  /** Whatever the app adds. */
  extra?: string;
  /** Since when, Unix time in milliseconds. */
  joinedTime?: number;
  /** Their role. */
  role?: GroupMemberRole;
}

/** A group's information. */
export interface GroupInfo {
  /** The group. */
  groupId: string;
  /** Its name. */
  groupName: string;
  /** Its avatar's URL. */
  portraitUri?: string;
  /** What it is about. */
  introduction?: string;
  /** Its notice. */
  notice?: string;
  /** Pairs of the app's own. */
  extProfile?: Record<string, string>;
  /** Who lets users in. */
  joinPermission?: GroupJoinPermission;
  /** Who may invite. */
  invitePermission?: GroupOperationPermission;
  /** Whether invited users are asked. */
  inviteHandlePermission?: GroupInviteHandlePermission;
  /** Who may change this information. */
  groupInfoEditPermission?: GroupOperationPermission;
  /** Who may change members' information. */
  memberInfoEditPermission?: GroupMemberInfoEditPermission;
  /** Who may remove members. */
  removeMemberPermission?: GroupOperationPermission;
  /** What the current user calls it. */
  remark?: string;
  /** How many members it has. */
  memberCount?: number;
  /** Who owns it. */
  ownerId?: string;
  /** Who made it. */
  creatorId?: string;
  /** When it was made, Unix time in milliseconds. */
  createTime?: number;
  /** When the current user joined, Unix time in milliseconds. */
  joinedTime?: number;
  /** The current user's role. */
  role?: GroupMemberRole;
  /** Whether only allowed members may speak. */
  isFrozen?: boolean;
}

/** A muted member. */
export interface GroupMuteInfo {
  /** Who. */
  userId: string;
  /** Since when, Unix time in milliseconds. */
  muteTime: number;
  /** Until when; 253402300799000 for "until unmuted". */
  muteEndTime: number;
}

/** The members of a group to make. */
export interface CreateGroupParams extends Omit<GroupInfo, 'remark' | 'memberCount' | 'ownerId' | 'creatorId' | 'createTime' | 'joinedTime' | 'role' | 'isFrozen'> {
  /** Whom to invite. */
  inviteeUserIds?: string[];
}

/** What became of an operation on a group. */
export interface GroupOperationResult {
  /** 0; 25427: the invited users must agree first; 25424: a manager must. */
  processCode?: number;
  /** The members that were refused. */
  errorKeys?: string[];
  /** Whatever else the server tells. */
  [detail: string]: Json;
}

/** A request to join a group. */
export interface GroupApplicationInfo {
  /** The group. */
  groupId: string;
  /** What it is called. */
  groupName?: string;
  /** Who is to join. */
  joinMemberInfo?: GroupMemberInfo;
  /** Who invited them. */
  inviterInfo?: GroupMemberInfo;
  /** Who answered. */
  operatorInfo?: GroupMemberInfo;
  /** From which side it is seen. */
  direction: GroupApplicationDirection;
  /** How it stands. */
  status: GroupApplicationStatus;
  /** Why it was refused. */
  reason?: string;
  /** When it was made or answered, Unix time in milliseconds. */
  operationTime: number;
}

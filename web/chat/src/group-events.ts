/**
 * What handlers hear of groups.
 *
 * @module
 */

import { changedOf, groupApplicationOf, groupOf, memberOf } from './channel/group-convert.js';
import { GroupOperation } from './enums.js';
import { GroupEvent_Kind as Kind } from './gen/nuncio/v1/message_pb.js';
import type { GroupEvent } from './gen/nuncio/v1/message_pb.js';
import type { GroupChannelHandlerParams } from './handlers.js';

const OPERATIONS: Readonly<Partial<Record<Kind, GroupOperation>>> = {
  [Kind.CREATED]: GroupOperation.CREATE,
  [Kind.JOINED]: GroupOperation.JOIN,
  [Kind.KICKED]: GroupOperation.KICK,
  [Kind.LEFT]: GroupOperation.QUIT,
  [Kind.DISMISSED]: GroupOperation.DISMISS,
  [Kind.ADMINS_ADDED]: GroupOperation.ADD_ADMIN,
  [Kind.ADMINS_REMOVED]: GroupOperation.REMOVE_ADMIN,
  [Kind.OWNER_TRANSFERRED]: GroupOperation.TRANSFER_OWNER,
};

/** Calls the one callback that an event of a group is for. */
export function tellGroup(on: GroupChannelHandlerParams, event: GroupEvent, operationTime: number): void {
  const groupInfo = event.group === undefined ? undefined : groupOf(event.group);
  const groupId = groupInfo?.groupId ?? '';
  const operatorInfo = event.operator === undefined ? { userId: '' } : memberOf(event.operator);
  const memberInfos = event.members.map(memberOf);
  const userIds = memberInfos.map((member) => member.userId);
  const operation = OPERATIONS[event.kind];
  if (operation !== undefined) {
    if (groupInfo === undefined) return;
    return on.onGroupOperation?.({ groupId, operatorInfo, groupInfo, operation, memberInfos, operationTime });
  }
  switch (event.kind) {
    case Kind.INFO_CHANGED: {
      if (groupInfo === undefined) return;
      const changedGroupInfo = changedOf(groupInfo, event.changed);
      return on.onGroupInfoChanged?.({ operatorInfo, fullGroupInfo: groupInfo, changedGroupInfo, operationTime });
    }
    case Kind.MEMBER_CHANGED: {
      const [memberInfo] = memberInfos;
      if (memberInfo === undefined) return;
      return on.onGroupMemberInfoChanged?.({ groupId, operatorInfo, memberInfo, operationTime });
    }
    case Kind.APPLICATION_CHANGED:
      if (event.application === undefined) return;
      return on.onGroupApplicationEvent?.({ info: groupApplicationOf(event.application) });
    case Kind.FAVORITES_ADDED:
    case Kind.FAVORITES_REMOVED: {
      const operationType = event.kind === Kind.FAVORITES_ADDED ? 0 : 1;
      return on.onGroupFavoritesChangedSync?.({ groupId, operationType, userIds, operationTime });
    }
    case Kind.ALIAS_CHANGED:
      return on.onGroupRemarkChangedSync?.({ groupId, remark: event.group?.alias ?? '', operationTime });
    case Kind.FROZEN:
    case Kind.UNFROZEN:
      return on.onGroupFrozenChanged?.({ groupId, operatorInfo, isFrozen: event.kind === Kind.FROZEN, operationTime });
    case Kind.MUTED:
    case Kind.UNMUTED: {
      const muteEndTime = Number(event.until);
      const isMuted = event.kind === Kind.MUTED;
      return on.onGroupMuteChanged?.({ groupId, operatorInfo, userIds, isMuted, muteEndTime, operationTime });
    }
    case Kind.ALLOWED:
    case Kind.DISALLOWED: {
      const isAllowed = event.kind === Kind.ALLOWED;
      return on.onGroupAllowedSendersChanged?.({ groupId, operatorInfo, userIds, isAllowed, operationTime });
    }
  }
}

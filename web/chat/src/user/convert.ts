/**
 * Users as programs see them, from what travels.
 *
 * @module
 */

import { SubscribeType } from '../enums.js';
import type { PresenceState } from '../gen/nuncio/v1/frame_pb.js';
import type { Friend, FriendApplication, Profile } from '../gen/nuncio/v1/message_pb.js';
import type { FriendApplicationInfo, FriendInfo, SubscribeStatusInfo, UserProfile } from './types.js';

/** A hosted profile. */
export function profileOf(profile: Profile): UserProfile {
  let basic: UserProfile = {};
  try {
    basic = profile.basic === '' ? {} : (JSON.parse(profile.basic) as UserProfile);
  } catch {
    // The server checks profiles; one that it could not is shown without its basic part.
  }
  return { name: '', portraitUri: '', ...basic, userId: profile.userId, extProfile: { ...profile.ext } };
}

/** A friend. */
export function friendOf(friend: Friend): FriendInfo {
  return {
    userId: friend.userId,
    name: friend.name,
    portraitUri: friend.avatarUrl,
    remark: friend.alias,
    extProfile: { ...friend.extProfile },
    addTime: Number(friend.addedAt),
  };
}

/** A friend request. The enums' numbers are those of the wire. */
export function applicationOf(application: FriendApplication): FriendApplicationInfo {
  return {
    userId: application.userId,
    name: application.name,
    portraitUri: application.avatarUrl,
    applicationType: application.direction as number,
    applicationStatus: application.status as number,
    operationTime: Number(application.at),
    extra: application.extra,
  };
}

/** A user's presence. */
export function presenceOf(state: PresenceState, subscribeType = SubscribeType.ONLINE_STATUS): SubscribeStatusInfo {
  const changeTime = Number(state.changedAt);
  const details = state.platforms.map((platform) => ({ eventValue: 1, changeTime, platform }));
  if (details.length === 0) details.push({ eventValue: state.online ? 1 : 0, changeTime, platform: 'other' });
  return { userId: state.userId, subscribeType, subscribeTime: 0, expiry: 0, details };
}

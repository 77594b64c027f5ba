import type { Client } from '../client.js';
import { NCCode } from '../codes.js';
import type { AnswerBody, RequestInit } from '../core/api.js';
import type { FriendAddPermission, UserProfileVisibility } from '../enums.js';
import { FriendAddPermission as Permission, FriendRelationType, SubscribeType } from '../enums.js';
import { badArgument } from '../not-available.js';
import { PageQuery } from '../query.js';
import { NCResult } from '../result.js';
import { applicationOf, friendOf, presenceOf, profileOf } from './convert.js';
import type {
  AddFriendParams,
  AddFriendResult,
  FriendApplicationInfo,
  FriendApplicationsQueryParams,
  FriendInfo,
  FriendRelationInfo,
  ProfileChangeResult,
  SetFriendInfoParams,
  SubscribeEventParams,
  SubscribeQueryParams,
  SubscribeStatusInfo,
  UnsubscribeEventParams,
  UserProfile,
} from './types.js';

/** Pages of friend requests. */
export class FriendApplicationsQuery extends PageQuery<FriendApplicationInfo> {}

/** Pages of subscriptions. */
export class SubscribeQuery extends PageQuery<SubscribeStatusInfo> {}

type AnswerCase = NonNullable<AnswerBody['case']>;
type ValueOf<C extends AnswerCase> = Extract<AnswerBody, { case: C }>['value'];

/** Blocklist, profiles, friends and subscriptions of the connected user: `NCEngine.userModule`. */
export class UserModule {
  #client: () => Client;

  /** @internal */
  constructor(client: () => Client) {
    this.#client = client;
  }

  // Blocklist

  /** Keeps a user from writing to the current user. The other direction stays open. */
  addToBlocklist(userId: string): Promise<NCResult> {
    return this.#done({ case: 'addToBlocklist', value: { userId } }, userId);
  }

  /** Lets a user write to the current user again. */
  removeFromBlocklist(userId: string): Promise<NCResult> {
    return this.#done({ case: 'removeFromBlocklist', value: { userId } }, userId);
  }

  /** Whether a user is in the current user's blocklist. */
  async checkBlocked(userId: string): Promise<NCResult<boolean>> {
    if (!isId(userId)) return badArgument('userId is missing');
    return this.#ask({ case: 'checkBlocked', value: { userId } }, 'blockedState', (state) => state.blocked);
  }

  /** The ids in the current user's blocklist, newest first. */
  getBlocklist(): Promise<NCResult<string[]>> {
    return this.#ask({ case: 'getBlocklist', value: {} }, 'userIds', (list) => list.userIds);
  }

  // Profiles

  /** The current user's hosted profile. Without a connection, as it was when last seen. */
  async getMyUserProfile(): Promise<NCResult<UserProfile>> {
    const answer = await this.#client().call('profiles', { userIds: [] });
    if (!answer.isOk) return answer.wipe();
    const own = answer.data?.[0];
    return NCResult.ok(own ? profileOf(own) : { userId: this.#client().userId, name: '', portraitUri: '', extProfile: {} });
  }

  /**
   * Changes the members given and leaves the others. A member that is `null` is removed.
   *
   * @returns a failure names the members refused in `data.errorKeys`
   */
  async updateMyUserProfile(profile: UserProfile): Promise<NCResult<ProfileChangeResult>> {
    if (typeof profile !== 'object' || profile === null) return badArgument('profile is missing');
    const { userId: _own, extProfile = {}, ...basic } = profile;
    const value = { basic: JSON.stringify(basic), ext: extProfile };
    const answer = await this.#client().request({ case: 'updateMyProfile', value });
    if (answer.isOk) return NCResult.ok({});
    return NCResult.fail(answer.code, answer.msg, answer.data as ProfileChangeResult | undefined);
  }

  /** Hosted profiles of up to 100 users. Without a connection, those last seen. */
  async getUserProfiles(userIds: string[]): Promise<NCResult<UserProfile[]>> {
    if (!isIdList(userIds)) return badArgument('userIds is not a list of user ids');
    if (userIds.length === 0) return NCResult.ok([]);
    const answer = await this.#client().call('profiles', { userIds });
    return answer.isOk ? NCResult.ok((answer.data ?? []).map(profileOf)) : answer.wipe();
  }

  /** Sets who sees the current user's profile. */
  updateMyUserProfileVisibility(visibility: UserProfileVisibility): Promise<NCResult> {
    return this.#done({ case: 'setProfileVisibility', value: { visibility: visibility as number } });
  }

  /** Who sees the current user's profile. */
  getMyUserProfileVisibility(): Promise<NCResult<UserProfileVisibility>> {
    return this.#ask({ case: 'getProfileVisibility', value: {} }, 'profileVisibility', (state) => state.visibility as number);
  }

  // Friends

  /** Asks a user to become a friend. `data.processCode` says whether they are one already or must consent first. */
  async addFriend(params: AddFriendParams): Promise<NCResult<AddFriendResult>> {
    const { userId, extra = '' } = params ?? {};
    if (!isId(userId)) return badArgument('userId is missing');
    return this.#ask({ case: 'addFriend', value: { userId, extra } }, 'addFriendResult', ({ added }) => ({
      processCode: added ? 0 : NCCode.FRIEND_REQUEST_SENT,
    }));
  }

  /** Ends friendships; both sides lose each other. */
  async removeFriends(userIds: string[]): Promise<NCResult> {
    if (!isIdList(userIds)) return badArgument('userIds is not a list of user ids');
    return this.#done({ case: 'removeFriends', value: { userIds } });
  }

  /** Accepts the request of a user. */
  acceptFriendApplication(userId: string): Promise<NCResult> {
    return this.#done({ case: 'answerFriendApplication', value: { userId, accept: true } }, userId);
  }

  /** Refuses the request of a user. */
  refuseFriendApplication(userId: string): Promise<NCResult> {
    return this.#done({ case: 'answerFriendApplication', value: { userId, accept: false } }, userId);
  }

  /** Lists requests to become friends, newest first. */
  createFriendApplicationsQuery(params: FriendApplicationsQueryParams = {}): FriendApplicationsQuery {
    const { applicationTypes = [], pageSize = 20, isAscending = false } = params;
    const statuses = params.applicationStatuses ?? params.applicationStatus ?? [];
    return new FriendApplicationsQuery('', async (pageToken) => {
      const value = {
        directions: applicationTypes as number[],
        statuses: statuses as number[],
        pageToken,
        limit: pageSize,
        ascending: isAscending,
      };
      return this.#ask({ case: 'getFriendApplications', value }, 'friendApplications', (page) => ({
        data: page.applications.map(applicationOf),
        totalCount: page.totalCount,
        next: page.nextPageToken || undefined,
      }));
    });
  }

  /** All friends. */
  async getFriends(): Promise<NCResult<FriendInfo[]>> {
    const friends: FriendInfo[] = [];
    let pageToken = '';
    do {
      const page = await this.#ask({ case: 'getFriends', value: { pageToken, limit: 100 } }, 'friends', (value) => value);
      if (!page.isOk || page.data === undefined) return page.wipe();
      friends.push(...page.data.friends.map(friendOf));
      pageToken = page.data.nextPageToken;
    } while (pageToken !== '');
    return NCResult.ok(friends);
  }

  /** Those of the users who are friends. */
  async getFriendsInfo(userIds: string[]): Promise<NCResult<FriendInfo[]>> {
    if (!isIdList(userIds)) return badArgument('userIds is not a list of user ids');
    const body: RequestInit = { case: 'getFriendsInfo', value: { userIds } };
    return this.#ask(body, 'friends', ({ friends }) => friends.map(friendOf));
  }

  /** Friends whose remark or name holds the text. */
  async searchFriendsInfo(name: string): Promise<NCResult<FriendInfo[]>> {
    if (typeof name !== 'string' || name === '') return badArgument('name is missing');
    const all = await this.getFriends();
    if (!all.isOk) return all;
    const text = name.toLowerCase();
    const holds = (value: string): boolean => value.toLowerCase().includes(text);
    return NCResult.ok((all.data ?? []).filter((friend) => holds(friend.remark) || holds(friend.name)));
  }

  /** Whether users are friends. */
  async checkFriends(userIds: string[]): Promise<NCResult<FriendRelationInfo[]>> {
    if (!isIdList(userIds)) return badArgument('userIds is not a list of user ids');
    return this.#ask({ case: 'checkFriends', value: { userIds } }, 'friendRelations', ({ relations }) =>
      relations.map(({ userId, friend }) => {
        const relation = friend ? FriendRelationType.IN_BOTH_FRIEND_LIST : FriendRelationType.NONE;
        return { userId, relation, relationType: relation };
      }),
    );
  }

  /** Sets what the current user calls a friend, and the pairs kept about them. */
  async setFriendInfo(params: SetFriendInfoParams): Promise<NCResult<ProfileChangeResult>> {
    const { userId, remark, extProfile } = params ?? {};
    if (!isId(userId)) return badArgument('userId is missing');
    const value = {
      userId,
      ...(remark === undefined ? {} : { alias: remark }),
      extProfile: extProfile ?? {},
      setExtProfile: extProfile !== undefined,
    };
    const answer = await this.#client().request({ case: 'setFriendInfo', value });
    if (answer.isOk) return NCResult.ok({});
    return NCResult.fail(answer.code, answer.msg, answer.data as ProfileChangeResult | undefined);
  }

  /** Sets who may add the current user as a friend. NOT_SET can be read only. */
  async setFriendAddPermission(permission: FriendAddPermission): Promise<NCResult> {
    if (permission === Permission.NOT_SET) return NCResult.fail(-101, 'NOT_SET can be read, not set');
    return this.#done({ case: 'setFriendPermission', value: { permission } });
  }

  /** Who may add the current user as a friend. */
  getFriendAddPermission(): Promise<NCResult<FriendAddPermission>> {
    return this.#ask({ case: 'getFriendPermission', value: {} }, 'friendPermission', (state) => state.permission);
  }

  // Subscriptions

  /** Asks to be told when the users' state changes. */
  async subscribeEvent(params: SubscribeEventParams): Promise<NCResult> {
    const { userIds, subscribeType, expiry = 0 } = params ?? {};
    const fault = subscriptionFault(userIds, subscribeType);
    if (fault !== undefined) return fault;
    return this.#done({ case: 'subscribe', value: { userIds, type: subscribeType as number, expirySeconds: expiry } });
  }

  /** Asks not to be told any more. */
  async unsubscribeEvent(params: UnsubscribeEventParams): Promise<NCResult> {
    const { userIds, subscribeType } = params ?? {};
    const fault = subscriptionFault(userIds, subscribeType);
    if (fault !== undefined) return fault;
    return this.#done({ case: 'unsubscribe', value: { userIds, type: subscribeType as number } });
  }

  /** The users' state now. */
  async getSubscribeEvent(params: UnsubscribeEventParams): Promise<NCResult<SubscribeStatusInfo[]>> {
    const { userIds, subscribeType } = params ?? {};
    if (!isIdList(userIds)) return badArgument('userIds is not a list of user ids');
    if (subscribeType === SubscribeType.USER_PROFILE || subscribeType === SubscribeType.FRIEND_USER_PROFILE) {
      const profiles = await this.getUserProfiles(userIds);
      if (!profiles.isOk) return profiles.wipe();
      return NCResult.ok(
        (profiles.data ?? []).map((userProfile) => ({
          userId: userProfile.userId ?? '',
          subscribeType,
          subscribeTime: 0,
          expiry: 0,
          userProfile,
          details: [],
        })),
      );
    }
    return this.#ask({ case: 'getPresence', value: { userIds } }, 'presenceStates', ({ states }) =>
      states.map((state) => presenceOf(state, subscribeType)),
    );
  }

  /** Lists what the current user has subscribed to. */
  createSubscribeQuery(params: SubscribeQueryParams): SubscribeQuery {
    const { subscribeType, pageSize = 20 } = params;
    return new SubscribeQuery('', async (pageToken) => {
      const value = { type: subscribeType as number, pageToken, limit: pageSize };
      return this.#ask({ case: 'getSubscriptions', value }, 'subscriptions', (page) => ({
        data: page.subscriptions.map((one) => ({
          userId: one.userId,
          subscribeType: one.type as number,
          subscribeTime: Number(one.subscribedAt),
          expiry: Math.round(Number(one.expiresAt - one.subscribedAt) / 1_000),
          details: [],
        })),
        next: page.nextPageToken || undefined,
      }));
    });
  }

  async #ask<C extends AnswerCase, T>(body: RequestInit, expected: C, read: (value: ValueOf<C>) => T): Promise<NCResult<T>> {
    const answer = await this.#client().request(body);
    if (!answer.isOk) return answer as NCResult<never>;
    if (answer.data?.case !== expected) return NCResult.fail(NCCode.BAD_FRAME, `${body.case}: the server did not answer as agreed`);
    return NCResult.ok(read(answer.data.value as ValueOf<C>));
  }

  async #done(body: RequestInit, userId?: string): Promise<NCResult> {
    if ('userId' in body.value && !isId(userId)) return badArgument('userId is missing');
    const answer = await this.#client().request(body);
    return answer.isOk ? NCResult.ok() : (answer as NCResult<never>);
  }
}

function isId(userId: unknown): userId is string {
  return typeof userId === 'string' && userId !== '';
}

function isIdList(userIds: unknown): userIds is string[] {
  return Array.isArray(userIds) && userIds.every(isId);
}

function subscriptionFault(userIds: unknown, type: SubscribeType): NCResult | undefined {
  if (!isIdList(userIds)) return badArgument('userIds is not a list of user ids');
  if (type !== SubscribeType.ONLINE_STATUS && type !== SubscribeType.USER_PROFILE) {
    return NCResult.fail(34306, 'subscribeType: only ONLINE_STATUS and USER_PROFILE are subscribed by hand');
  }
  return undefined;
}

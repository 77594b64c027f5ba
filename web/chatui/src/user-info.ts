/**
 * Names and avatars: of users, groups and group members.
 *
 * *Hosted*, the default: they come from the service, with the alias that the user gave a friend, and change while they
 * are shown. *App-managed*: the app hands over a provider ({@link UserInfo.setUserInfoProvider}); the components ask it
 * for what they show, in batches, keep the answers across reloads, and never ask the service.
 *
 * @module
 */

import type { UserProfile } from '@nuncio/chat';
import { NCEngine, SubscribeType, UserHandler } from '@nuncio/chat';
import type { Loader } from './directory.js';
import { Directory, localShelf } from './directory.js';
import { safeUrl } from './rich-text.js';

/** What is shown of a user. */
export interface UserDetails {
  /** Who. */
  userId: string;
  /** Their name. */
  name: string;
  /** Their picture: an http(s) address. */
  avatarUrl?: string;
  /** What the current user calls them; shown instead of the name. */
  alias?: string;
}

/** What is shown of a group. */
export interface GroupDetails {
  /** Which. */
  groupId: string;
  /** Its name. */
  name: string;
  /** Its picture: an http(s) address. */
  avatarUrl?: string;
  /** How many are in it. */
  memberCount?: number;
}

/** What is shown of a member of a group. */
export interface GroupMemberDetails {
  /** In which group. */
  groupId: string;
  /** Who. */
  userId: string;
  /** Their name in the group. */
  nickname?: string;
}

/** Tells what the app knows of users. At most 100 ids at once; those it does not know are left out. */
export type UserInfoProvider = (userIds: string[]) => Promise<readonly UserDetails[]>;
/** Tells what the app knows of groups. */
export type GroupInfoProvider = (groupIds: string[]) => Promise<readonly GroupDetails[]>;
/** Tells what the app knows of the members of one group. */
export type GroupMemberInfoProvider = (groupId: string, userIds: string[]) => Promise<readonly GroupMemberDetails[]>;

const HANDLER = 'nuncio-chatui-user-info';
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function memberKey(groupId: string, userId: string): string {
  return `${groupId}\n${userId}`;
}

/** The one place that knows names and avatars. Fires `change` when any of them is new or different. */
export class UserInfo extends EventTarget {
  readonly #users = new Directory<UserDetails>((one) => (isText(one?.userId) && typeof one.name === 'string' ? one.userId : undefined), hostedUsers);
  readonly #groups = new Directory<GroupDetails>((one) => (isText(one?.groupId) && isText(one.name) ? one.groupId : undefined), undefined);
  readonly #members = new Directory<GroupMemberDetails>(
    (one) => (isText(one?.groupId) && isText(one.userId) ? memberKey(one.groupId, one.userId) : undefined),
    undefined,
  );
  #hosted = true;
  #listening = false;

  constructor() {
    super();
    for (const directory of [this.#users, this.#groups, this.#members]) {
      directory.addEventListener('change', () => this.dispatchEvent(new Event('change')));
    }
  }

  /** Whether users' names come from the service. */
  get hosted(): boolean {
    return this.#hosted;
  }

  /**
   * Hands over the app's own user information (app-managed mode), or takes it back with `undefined` (hosted mode).
   *
   * @param cache whether answers are kept across reloads, in the browser's local storage
   */
  setUserInfoProvider(provider: UserInfoProvider | undefined, cache = true): void {
    this.#hosted = provider === undefined;
    const shelf = provider !== undefined && cache ? localShelf<UserDetails>('nuncio-chatui:users') : undefined;
    this.#users.reset(provider === undefined ? hostedUsers : (ids) => provider(ids), shelf);
  }

  /** Hands over the app's own information about groups. The service has none yet. */
  setGroupInfoProvider(provider: GroupInfoProvider | undefined, cache = true): void {
    const shelf = provider !== undefined && cache ? localShelf<GroupDetails>('nuncio-chatui:groups') : undefined;
    this.#groups.reset(provider && ((ids) => provider(ids)), shelf);
  }

  /** Hands over the app's own information about members of groups. The service has none yet. */
  setGroupMemberInfoProvider(provider: GroupMemberInfoProvider | undefined, cache = true): void {
    const shelf = provider !== undefined && cache ? localShelf<GroupMemberDetails>('nuncio-chatui:members') : undefined;
    this.#members.reset(provider && byGroup(provider), shelf);
  }

  /** What is known of a user now; never waits. Until something is, the id stands for the name. */
  getUserInfo(userId: string): UserDetails {
    return this.#users.get(userId) ?? { userId, name: '' };
  }

  /** What is known of a group now; never waits. */
  getGroupInfo(groupId: string): GroupDetails {
    return this.#groups.get(groupId) ?? { groupId, name: '' };
  }

  /** What is known of a member of a group now; never waits. */
  getGroupMemberInfo(groupId: string, userId: string): GroupMemberDetails {
    return this.#members.get(memberKey(groupId, userId)) ?? { groupId, userId };
  }

  /** Shows this of a user from now on, everywhere: for an app that knows of a change. */
  refreshUserInfo(...users: UserDetails[]): void {
    this.#users.refresh(users);
  }

  /** Shows this of a group from now on. */
  refreshGroupInfo(...groups: GroupDetails[]): void {
    this.#groups.refresh(groups);
  }

  /** Shows this of a member of a group from now on. */
  refreshGroupMemberInfo(...members: GroupMemberDetails[]): void {
    this.#members.refresh(members);
  }

  /** Asks anew for what is known of users. */
  reload(...userIds: string[]): void {
    this.#users.invalidate(userIds);
  }

  /** The name to show for a user: the alias, else the name, else the id. */
  displayName(userId: string): string {
    const { alias, name } = this.getUserInfo(userId);
    return alias || name || userId;
  }

  /** The name to show for a member of a group: the alias, else the nickname, else the name, else the id. */
  memberName(groupId: string, userId: string): string {
    const { alias, name } = this.getUserInfo(userId);
    return alias || this.getGroupMemberInfo(groupId, userId).nickname || name || userId;
  }

  /** The picture to show for a user; only http(s) addresses are. */
  avatar(userId: string): string | undefined {
    return safeUrl(this.getUserInfo(userId).avatarUrl);
  }

  /** @internal Forgets what another user saw. */
  forget(): void {
    if (this.#hosted) this.#users.reset(hostedUsers);
  }

  /** @internal The service can be reached again. */
  connected(): void {
    if (this.#hosted) this.#users.retry();
  }

  /** @internal Follows the service's changes. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const again = (...userIds: string[]): void => {
      if (this.#hosted) this.#users.invalidate(userIds);
    };
    const profile = (userProfile: UserProfile | undefined): void => {
      if (!this.#hosted || !userProfile?.userId) return;
      const { alias } = this.getUserInfo(userProfile.userId);
      this.refreshUserInfo(details(userProfile, alias));
    };
    NCEngine.addUserHandler(HANDLER, new UserHandler({
      onSubscriptionChanged: ({ events }) => {
        for (const event of events) {
          if (event.subscribeType === SubscribeType.USER_PROFILE || event.subscribeType === SubscribeType.FRIEND_USER_PROFILE) {
            profile(event.userProfile && { userId: event.userId, ...event.userProfile });
          }
        }
      },
      onMyUserProfileChanged: (event) => profile({ userId: NCEngine.getCurrentUserId(), ...event.profile }),
      onFriendAdd: ({ userId }) => again(userId),
      onFriendRemove: ({ userIds }) => again(...userIds),
      onFriendInfoChangedSync: ({ userId }) => again(userId),
    }));
  }
}

function details(profile: UserProfile, alias: string | undefined): UserDetails {
  const { userId = '', name = '', portraitUri = '' } = profile;
  return { userId, name, ...(portraitUri === '' ? {} : { avatarUrl: portraitUri }), ...(alias ? { alias } : {}) };
}

/** Profiles from the service, with the aliases of friends. */
async function hostedUsers(userIds: string[]): Promise<UserDetails[]> {
  const [profiles, friends] = await Promise.all([
    NCEngine.userModule.getUserProfiles(userIds),
    NCEngine.userModule.getFriendsInfo(userIds),
  ]);
  if (!profiles.isOk) throw new Error(`profiles: ${profiles.code} ${profiles.msg ?? ''}`);
  const aliases = new Map((friends.data ?? []).map((friend) => [friend.userId, friend.remark]));
  const found = new Map((friends.data ?? []).map((friend) => [friend.userId, details(friend, friend.remark)]));
  for (const profile of profiles.data ?? []) {
    if (profile.userId) found.set(profile.userId, details(profile, aliases.get(profile.userId)));
  }
  return [...found.values()];
}

/** Asks group by group for members that were gathered from several. */
function byGroup(provider: GroupMemberInfoProvider): Loader<GroupMemberDetails> {
  return async (keys) => {
    const groups = new Map<string, string[]>();
    for (const key of keys) {
      const [groupId = '', userId = ''] = key.split('\n');
      groups.set(groupId, [...(groups.get(groupId) ?? []), userId]);
    }
    const answers = await Promise.all([...groups].map(([groupId, userIds]) => provider(groupId, userIds)));
    return answers.flat();
  };
}

/** The user information of this page. */
export const userInfo: UserInfo = new UserInfo();

/**
 * Names and avatars: of users, groups and group members.
 *
 * *Hosted*, the default: they come from the service, with the alias that the user gave a friend, and change while they
 * are shown. *App-managed*: the app hands over a provider ({@link UserInfo.setUserInfoProvider}); the components ask it
 * for what they show, in batches, keep the answers across reloads, and never ask the service.
 *
 * @module
 */

import type { GroupInfo, GroupMemberInfo, UserProfile } from '@nuncio/chat';
import { GroupChannel, NCCode, NCEngine, SubscribeType, UserHandler, shownName } from '@nuncio/chat';
import type { Loader } from './directory.js';
import { Directory, localShelf } from './directory.js';
import { groups } from './groups.js';
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
  /** What the current user calls it; shown instead of the name. */
  alias?: string;
}

/** What is shown of a member of a group. */
export interface GroupMemberDetails {
  /** In which group. */
  groupId: string;
  /** Who. */
  userId: string;
  /** Their name in the group. */
  nickname?: string;
  /** Their name elsewhere, where the service tells it: the profile's, else the push identity's. */
  name?: string;
  /** Their picture, likewise. */
  avatarUrl?: string;
}

/** Tells what the app knows of users. At most 100 ids at once; those it does not know are left out. */
export type UserInfoProvider = (userIds: string[]) => Promise<readonly UserDetails[]>;
/** Tells what the app knows of groups. */
export type GroupInfoProvider = (groupIds: string[]) => Promise<readonly GroupDetails[]>;
/** Tells what the app knows of the members of one group. */
export type GroupMemberInfoProvider = (groupId: string, userIds: string[]) => Promise<readonly GroupMemberDetails[]>;
/** Tells all members that the app knows of a group, at most 10,000. */
export type GroupMembersProvider = (groupId: string) => Promise<readonly { userId: string; nickname?: string }[]>;

const HANDLER = 'nuncio-chatui-user-info';
/** Members that a provider's list may have. */
const MEMBERS = 10_000;
/** Users whose push identities are remembered. */
const IDENTITIES = 5_000;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function memberKey(groupId: string, userId: string): string {
  return `${groupId}\n${userId}`;
}

/** The one place that knows names and avatars. Fires `change` when any of them is new or different. */
export class UserInfo extends EventTarget {
  readonly #users = new Directory<UserDetails>((one) => (isText(one?.userId) && typeof one.name === 'string' ? one.userId : undefined), hostedUsers);
  /** What the app tells of groups; in hosted mode {@link Groups} knows. */
  readonly #groups = new Directory<GroupDetails>((one) => (isText(one?.groupId) && isText(one.name) ? one.groupId : undefined), undefined);
  readonly #members = new Directory<GroupMemberDetails>(
    (one) => (isText(one?.groupId) && isText(one.userId) ? memberKey(one.groupId, one.userId) : undefined),
    hostedMembers,
  );
  /** What the service called users it told of as members or friends: the last word before the bare id. */
  readonly #identities = new Map<string, { name: string; avatarUrl: string }>();
  readonly #lists = new Map<string, GroupMemberDetails[]>();
  #hosted = true;
  #hostedGroups = true;
  #hostedMembers = true;
  #membersProvider: GroupMembersProvider | undefined;
  #listening = false;

  constructor() {
    super();
    for (const source of [this.#users, this.#groups, this.#members, groups]) {
      source.addEventListener('change', () => this.#tell());
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

  /** Hands over the app's own information about groups, or takes it back with `undefined` (hosted mode). */
  setGroupInfoProvider(provider: GroupInfoProvider | undefined, cache = true): void {
    this.#hostedGroups = provider === undefined;
    const shelf = provider !== undefined && cache ? localShelf<GroupDetails>('nuncio-chatui:groups') : undefined;
    this.#groups.reset(provider && ((ids) => provider(ids)), shelf);
  }

  /** Hands over the app's own information about members of groups, or takes it back with `undefined` (hosted mode). */
  setGroupMemberInfoProvider(provider: GroupMemberInfoProvider | undefined, cache = true): void {
    this.#hostedMembers = provider === undefined;
    const shelf = provider !== undefined && cache ? localShelf<GroupMemberDetails>('nuncio-chatui:members') : undefined;
    this.#members.reset(provider === undefined ? hostedMembers : byGroup(provider), shelf);
  }

  /**
   * Hands over the app's own lists of members, which stand for the service's wherever members are listed or picked, or
   * takes them back with `undefined`. The service still decides who may do what.
   */
  setGroupMembersProvider(provider: GroupMembersProvider | undefined): void {
    this.#membersProvider = provider;
    this.#lists.clear();
    this.#tell();
  }

  /** Whether lists of members come from the service. */
  get listsHostedMembers(): boolean {
    return this.#membersProvider === undefined;
  }

  /** The members that the app lists for a group, at most 10,000; asked for once, and changed by the calls below. */
  async listMembers(groupId: string): Promise<readonly GroupMemberDetails[]> {
    const known = this.#lists.get(groupId);
    if (known !== undefined || this.#membersProvider === undefined) return known ?? [];
    const answer: unknown = await this.#membersProvider(groupId);
    this.updateGroupMembers(groupId, Array.isArray(answer) ? (answer as { userId: string }[]) : []);
    return this.#lists.get(groupId) ?? [];
  }

  /** Shows these as a group's members from now on, instead of those listed before. Invalid ones are skipped. */
  updateGroupMembers(groupId: string, members: readonly { userId: string; nickname?: string }[]): void {
    const valid = members.filter((one) => isText(one?.userId)).slice(0, MEMBERS);
    const list = [...new Map(valid.map((one) => [one.userId, { ...one, groupId }])).values()];
    this.#lists.set(groupId, list);
    this.#members.refresh(list);
    const group = this.#groups.peek(groupId);
    if (group !== undefined) this.#groups.refresh([{ ...group, memberCount: list.length }]);
    this.#tell();
  }

  /** Adds to a group's members. */
  addGroupMembers(groupId: string, members: readonly { userId: string; nickname?: string }[]): void {
    this.updateGroupMembers(groupId, [...(this.#lists.get(groupId) ?? []), ...members]);
  }

  /** Takes members off a group's list. */
  removeGroupMembers(groupId: string, userIds: readonly string[]): void {
    const gone = new Set(userIds);
    this.updateGroupMembers(groupId, (this.#lists.get(groupId) ?? []).filter(({ userId }) => !gone.has(userId)));
  }

  /** What is known of a user now; never waits. Until something is, the id stands for the name. */
  getUserInfo(userId: string): UserDetails {
    return this.#users.get(userId) ?? { userId, name: '' };
  }

  /** What is known of a group now; never waits. */
  getGroupInfo(groupId: string): GroupDetails {
    if (!this.#hostedGroups) return this.#groups.get(groupId) ?? { groupId, name: '' };
    const info = groups.info(groupId);
    return info === undefined ? { groupId, name: '' } : groupDetails(info);
  }

  /** What is known of a member of a group now; never waits. */
  getGroupMemberInfo(groupId: string, userId: string): GroupMemberDetails {
    return this.#members.get(memberKey(groupId, userId)) ?? { groupId, userId };
  }

  /** Shows this of a user from now on, everywhere: for an app that knows of a change. */
  refreshUserInfo(...users: UserDetails[]): void {
    this.#users.refresh(users);
  }

  /** Shows this of a group from now on: for an app that has set a provider. */
  refreshGroupInfo(...groups: GroupDetails[]): void {
    this.#groups.refresh(groups);
  }

  /** Shows this of a member of a group from now on. */
  refreshGroupMemberInfo(...members: GroupMemberDetails[]): void {
    this.#members.refresh(members);
  }

  /** @internal The service has told of members. */
  heardOfMembers(groupId: string, members: readonly GroupMemberInfo[]): void {
    for (const member of members) this.#identify(member.userId, member.name, member.portraitUri);
    if (this.#hostedMembers) this.#members.refresh(members.map((member) => memberDetails(groupId, member)));
  }

  /** Asks anew for what is known of a member of a group. */
  reloadMember(groupId: string, userId: string): void {
    this.#members.invalidate([memberKey(groupId, userId)]);
  }

  /** Asks anew for what is known of users. */
  reload(...userIds: string[]): void {
    this.#users.invalidate(userIds);
  }

  /**
   * The name to show for a user, everywhere: in a group the nickname there, else the alias, else the profile's name, else
   * the push identity's, else the id.
   */
  displayName(userId: string, groupId = ''): string {
    return this.#name(userId, this.getUserInfo(userId), groupId === '' ? undefined : this.getGroupMemberInfo(groupId, userId));
  }

  /** The same by what is known already: for searches among thousands, of which nothing is to be asked. */
  knownName(userId: string, groupId = ''): string {
    return this.#name(userId, this.#users.peek(userId), groupId === '' ? undefined : this.#members.peek(memberKey(groupId, userId)));
  }

  #name(userId: string, user: UserDetails | undefined, member: GroupMemberDetails | undefined): string {
    const identityName = member?.name || this.#identities.get(userId)?.name;
    return shownName({ userId, nickname: member?.nickname, remark: user?.alias, name: user?.name, identityName });
  }

  /** The name to show for a group: the alias, else its name, else the id. */
  groupName(groupId: string): string {
    const { alias, name } = this.getGroupInfo(groupId);
    return alias || name || groupId;
  }

  /** The picture to show for a user, in a group or elsewhere; only http(s) addresses are. */
  avatar(userId: string, groupId = ''): string | undefined {
    const member = groupId === '' ? undefined : this.getGroupMemberInfo(groupId, userId);
    return [this.getUserInfo(userId).avatarUrl, member?.avatarUrl, this.#identities.get(userId)?.avatarUrl].map(safeUrl).find((url) => url !== undefined);
  }

  /** The picture to show for a group; without one, its members' ({@link UserInfo.faces}) make one. */
  groupAvatar(groupId: string): string | undefined {
    return safeUrl(this.getGroupInfo(groupId).avatarUrl);
  }

  /** The members, at most four, whose pictures stand for a group's. */
  faces(groupId: string): string[] {
    if (this.#membersProvider === undefined) return groups.faces(groupId).map(({ userId }) => userId);
    if (!this.#lists.has(groupId)) void this.listMembers(groupId).catch(() => this.#lists.set(groupId, []));
    return (this.#lists.get(groupId) ?? []).slice(0, 4).map(({ userId }) => userId);
  }

  /** @internal Forgets what another user saw. */
  forget(): void {
    if (this.#hosted) this.#users.reset(hostedUsers);
    if (this.#hostedMembers) this.#members.reset(hostedMembers);
    this.#identities.clear();
    groups.forget();
  }

  /** @internal The service can be reached again. */
  connected(): void {
    if (this.#hosted) this.#users.retry();
    if (this.#hostedMembers) this.#members.retry();
    groups.connected();
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
    groups.listen();
    groups.onChange(({ groupId, members }) => this.heardOfMembers(groupId, members));
  }

  #identify(userId: string, name = '', avatarUrl = ''): void {
    this.#identities.delete(userId);
    if (name !== '' || avatarUrl !== '') this.#identities.set(userId, { name, avatarUrl });
    const [oldest] = this.#identities.keys();
    if (this.#identities.size > IDENTITIES && oldest !== undefined) this.#identities.delete(oldest);
  }

  #tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function groupDetails({ groupId, groupName, portraitUri, memberCount, remark }: GroupInfo): GroupDetails {
  return {
    groupId,
    name: groupName,
    ...(portraitUri ? { avatarUrl: portraitUri } : {}),
    ...(memberCount === undefined ? {} : { memberCount }),
    ...(remark ? { alias: remark } : {}),
  };
}

function memberDetails(groupId: string, { userId, nickname, name, portraitUri }: GroupMemberInfo): GroupMemberDetails {
  return { groupId, userId, ...(nickname ? { nickname } : {}), ...(name ? { name } : {}), ...(portraitUri ? { avatarUrl: portraitUri } : {}) };
}

function details(profile: UserProfile, alias: string | undefined): UserDetails {
  const { userId = '', name = '', portraitUri = '' } = profile;
  return { userId, name, ...(portraitUri === '' ? {} : { avatarUrl: portraitUri }), ...(alias ? { alias } : {}) };
}

/** Profiles from the service, with the aliases of friends, and of friends without a profile the push identity. */
async function hostedUsers(userIds: string[]): Promise<UserDetails[]> {
  const [profiles, friends] = await Promise.all([
    NCEngine.userModule.getUserProfiles(userIds),
    NCEngine.userModule.getFriendsInfo(userIds),
  ]);
  if (!profiles.isOk) throw new Error(`profiles: ${profiles.code} ${profiles.msg ?? ''}`);
  const found = new Map((profiles.data ?? []).map((profile) => [profile.userId ?? '', profile]));
  for (const { userId, name, portraitUri } of friends.data ?? []) {
    const profile = found.get(userId);
    found.set(userId, { userId, name: profile?.name || name, portraitUri: profile?.portraitUri || portraitUri });
  }
  const aliases = new Map((friends.data ?? []).map((friend) => [friend.userId, friend.remark]));
  return [...found].filter(([userId]) => userId !== '').map(([userId, profile]) => details(profile, aliases.get(userId)));
}

/** Members from the service; none of groups that the user is not in. */
const hostedMembers: Loader<GroupMemberDetails> = byGroup(async (groupId, userIds) => {
  const answer = await new GroupChannel(groupId).getMembers(userIds);
  if (!answer.isOk && answer.code !== NCCode.NOT_IN_GROUP) throw new Error(`members: ${answer.code} ${answer.msg ?? ''}`);
  return (answer.data ?? []).map((member) => memberDetails(groupId, member));
});

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

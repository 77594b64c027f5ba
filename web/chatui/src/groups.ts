/**
 * The current user's groups: what they say of themselves, who the user is in them, and requests to join.
 *
 * The service decides about these in both modes of {@link UserInfo}; names and avatars alone may be the app's.
 *
 * @module
 */

import type { CreateGroupParams, GroupApplicationInfo, GroupInfo, GroupMemberInfo, GroupOperationResult } from '@nuncio/chat';
import {
  GroupApplicationDirection,
  GroupApplicationStatus,
  GroupChannel,
  GroupChannelHandler,
  GroupMemberRole,
  GroupOperation,
  NCCode,
  NCEngine,
} from '@nuncio/chat';
import { Directory } from './directory.js';
import { ChatError, succeed } from './failure.js';

const HANDLER = 'nuncio-chatui-groups';
/** Groups that one request asks for. */
const BATCH = 50;
/** Groups, and requests, of one page. */
const PAGE = 100;
/** Groups of a user that are listed at most. */
const MOST = 3_000;
/** Members whose pictures make a group's. */
const FACES = 4;
/** Groups whose first members are asked for at the same time. */
const AT_ONCE = 4;

/** A change in a group, told to what shows the group. */
export interface GroupChange {
  /** Which. */
  groupId: string;
  /** The members that it is about, as they are since; empty when it is about the group itself. */
  members: readonly GroupMemberInfo[];
  /** Whether members came, went or changed their roles, so that lists of them are to be read anew. */
  listed: boolean;
}

interface Faces {
  groupId: string;
  members: GroupMemberInfo[];
}

/** See the module. Fires `change` when anything here is different. */
export class Groups extends EventTarget {
  /** The user's groups by name, or `undefined` until they were asked for. */
  joined: GroupInfo[] | undefined;
  /** Requests to join and invitations, the newest first, or `undefined` until they are known. */
  applications: GroupApplicationInfo[] | undefined;
  readonly #info = new Directory<GroupInfo>((one) => one.groupId || undefined, hostedGroups, undefined, BATCH);
  readonly #faces = new Directory<Faces>((one) => one.groupId || undefined, hostedFaces);
  /** Until when the user is muted where, as far as this page knows. An empty id: in all groups. */
  readonly #mutes = new Map<string, number>();
  /** Groups that let the user speak while they are frozen, as far as this page knows. */
  readonly #allowed = new Set<string>();
  readonly #listeners = new Set<(change: GroupChange) => void>();
  #listening = false;

  constructor() {
    super();
    for (const directory of [this.#info, this.#faces]) directory.addEventListener('change', () => this.#tell());
  }

  /** What the service knows of a group now; never waits. */
  info(groupId: string): GroupInfo | undefined {
    return this.#info.get(groupId);
  }

  /** The user's role in a group; `undefined` while it is not known, UNDEF for who is no member. */
  role(groupId: string): GroupMemberRole | undefined {
    const info = this.info(groupId);
    return info === undefined ? undefined : (info.role ?? GroupMemberRole.UNDEF);
  }

  /** Whether the user owns a group or manages it. */
  isManager(groupId: string): boolean {
    return (this.role(groupId) ?? GroupMemberRole.UNDEF) >= GroupMemberRole.MANAGER;
  }

  /** The members of whose pictures a group's is made: those who joined first. */
  faces(groupId: string): readonly GroupMemberInfo[] {
    return this.#faces.get(groupId)?.members ?? [];
  }

  /** Until when the user may not speak in a group, Unix time in milliseconds; 0 when nothing is known of a mute. */
  mutedUntil(groupId: string): number {
    const until = Math.max(this.#mutes.get(groupId) ?? 0, this.#mutes.get('') ?? 0);
    return until > Date.now() ? until : 0;
  }

  /** Whether only some may speak in a group, and nothing is known of the user being one of them. */
  isSilenced(groupId: string): boolean {
    return this.info(groupId)?.isFrozen === true && !this.isManager(groupId) && !this.#allowed.has(groupId);
  }

  /** Requests and invitations that wait for the user's answer. */
  get open(): number {
    return this.applications?.filter(awaitsAnswer).length ?? 0;
  }

  /** Hears of changes in groups; answers how to hear no more. */
  onChange(listener: (change: GroupChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the user's groups. */
  async readJoined(): Promise<void> {
    const query = GroupChannel.createJoinedGroupsByRoleQuery({ role: GroupMemberRole.UNDEF, pageSize: PAGE });
    const found: GroupInfo[] = [];
    do {
      const page = await query.loadNextPage();
      if (!page.isOk) return;
      found.push(...(page.data?.data ?? []));
    } while (query.hasNext && found.length < MOST);
    this.joined = found;
    this.#info.refresh(found);
    this.#tell();
  }

  /** Asks whether the user may speak in a group; afterwards the service's events tell. */
  async readStanding(groupId: string): Promise<void> {
    const group = new GroupChannel(groupId);
    const [mutes, senders] = await Promise.all([group.getMutedMembers(), group.getAllowedSenders()]);
    const me = NCEngine.getCurrentUserId();
    if (mutes.isOk) this.#mutes.set(groupId, mutes.data?.find(({ userId }) => userId === me)?.muteEndTime ?? 0);
    if (senders.isOk && senders.data?.includes(me)) this.#allowed.add(groupId);
    else if (senders.isOk) this.#allowed.delete(groupId);
    this.#tell();
  }

  /** Reads requests to join and invitations. */
  async readApplications(): Promise<void> {
    const page = await GroupChannel.createGroupApplicationsQuery({ pageSize: PAGE }).loadNextPage();
    if (!page.isOk) return;
    this.applications = page.data?.data ?? [];
    this.#tell();
  }

  /** Answers a request to join, or an invitation of the user. */
  async answer(application: GroupApplicationInfo, accept: boolean): Promise<void> {
    const group = new GroupChannel(application.groupId);
    const inviterId = application.inviterInfo?.userId ?? '';
    const applicantId = application.joinMemberInfo?.userId ?? '';
    if (application.direction === GroupApplicationDirection.INVITATION_RECEIVED) {
      await succeed<unknown>(accept ? group.acceptInvite(inviterId) : group.refuseInvite({ inviterId }));
    } else {
      const who = { applicantId, ...(inviterId === '' ? {} : { inviterId }) };
      await succeed<unknown>(accept ? group.acceptApplication(who) : group.refuseApplication(who));
    }
    await this.readApplications();
  }

  /** Makes a group; answers whether all who were invited are in. */
  async create(params: CreateGroupParams): Promise<boolean> {
    const result = await succeed<GroupOperationResult>(GroupChannel.createGroup(params));
    await this.readJoined();
    return result.processCode === 0;
  }

  /** Changes what a group says of itself, or its permissions. */
  async update(groupId: string, params: Partial<CreateGroupParams>): Promise<void> {
    const result = await new GroupChannel(groupId).updateInfo(params);
    if (!result.isOk) throw new ChatError(result.code, (result.data?.errorKeys ?? []).join(', ') || (result.msg ?? ''));
    this.reload(groupId);
  }

  /** Sets what the user calls a group; empty for nothing. */
  async rename(groupId: string, remark: string): Promise<void> {
    await succeed<unknown>(new GroupChannel(groupId).setRemark(remark));
    this.reload(groupId);
  }

  /** Asks anew for what a group says of itself. */
  reload(groupId: string): void {
    this.#info.invalidate([groupId]);
  }

  /** @internal Forgets what another user saw. */
  forget(): void {
    this.joined = this.applications = undefined;
    this.#mutes.clear();
    this.#allowed.clear();
    this.#info.reset(hostedGroups);
    this.#faces.reset(hostedFaces);
  }

  /** @internal The service can be reached again. */
  connected(): void {
    this.#info.retry();
    this.#faces.retry();
    void this.readApplications();
    if (this.joined !== undefined) void this.readJoined();
  }

  /** @internal Follows the service's changes. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    NCEngine.addGroupChannelHandler(HANDLER, new GroupChannelHandler({
      onGroupOperation: ({ groupId, operation, memberInfos }) => this.#operated(groupId, operation, memberInfos),
      onGroupInfoChanged: ({ fullGroupInfo: { groupId } }) => this.#changed(groupId),
      onGroupMemberInfoChanged: ({ groupId, memberInfo }) => this.#changed(groupId, [memberInfo]),
      onGroupApplicationEvent: () => void this.readApplications(),
      onGroupRemarkChangedSync: ({ groupId }) => this.#changed(groupId),
      onGroupFavoritesChangedSync: ({ groupId }) => this.#changed(groupId),
      onGroupFrozenChanged: ({ groupId, isFrozen }) => {
        const info = this.#info.peek(groupId);
        if (info !== undefined) this.#info.refresh([{ ...info, isFrozen }]);
        this.#changed(groupId);
      },
      onGroupMuteChanged: ({ groupId, userIds, isMuted, muteEndTime }) => {
        if (userIds.includes(NCEngine.getCurrentUserId())) this.#mutes.set(groupId, isMuted ? muteEndTime : 0);
        this.#tell();
      },
      onGroupAllowedSendersChanged: ({ groupId, userIds, isAllowed }) => {
        if (!userIds.includes(NCEngine.getCurrentUserId())) return;
        if (isAllowed) this.#allowed.add(groupId);
        else this.#allowed.delete(groupId);
        this.#tell();
      },
    }));
  }

  #operated(groupId: string, operation: GroupOperation, members: readonly GroupMemberInfo[]): void {
    const info = this.#info.peek(groupId);
    const me = NCEngine.getCurrentUserId();
    const leaves = operation === GroupOperation.KICK || operation === GroupOperation.QUIT;
    const gone = operation === GroupOperation.DISMISS || (leaves && members.some(({ userId }) => userId === me));
    if (info !== undefined && gone) {
      // The service says nothing more of a group that is gone: what is known of it stays, without a role.
      const { role: _, ...rest } = info;
      this.#info.refresh([rest]);
    }
    if (gone) this.joined = this.joined?.filter((one) => one.groupId !== groupId);
    else if (this.joined !== undefined) void this.readJoined();
    this.#faces.invalidate([groupId]);
    this.#changed(groupId, members, true);
  }

  #changed(groupId: string, members: readonly GroupMemberInfo[] = [], listed = false): void {
    this.#info.invalidate([groupId]);
    for (const listener of this.#listeners) listener({ groupId, members, listed });
    this.#tell();
  }

  #tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** Whether an application waits for the current user's answer. */
export function awaitsAnswer({ direction, status }: GroupApplicationInfo): boolean {
  return (
    (direction === GroupApplicationDirection.INVITATION_RECEIVED && status === GroupApplicationStatus.INVITEE_UNHANDLED) ||
    (direction === GroupApplicationDirection.APPLICATION_RECEIVED && status === GroupApplicationStatus.ADMIN_UNHANDLED)
  );
}

async function hostedGroups(groupIds: string[]): Promise<GroupInfo[]> {
  const answer = await GroupChannel.getGroupsInfo(groupIds);
  if (!answer.isOk) throw new Error(`groups: ${answer.code} ${answer.msg ?? ''}`);
  return answer.data ?? [];
}

/** The first members of groups. A group that the user is not in shows none. */
async function hostedFaces(groupIds: string[]): Promise<Faces[]> {
  const found: Faces[] = [];
  const waiting = [...groupIds];
  const work = async (): Promise<void> => {
    for (let groupId = waiting.shift(); groupId !== undefined; groupId = waiting.shift()) {
      const query = GroupChannel.createGroupMembersByRoleQuery({ groupId, role: GroupMemberRole.UNDEF, pageSize: FACES, isAscending: true });
      const page = await query.loadNextPage();
      if (page.isOk) found.push({ groupId, members: page.data?.data ?? [] });
      else if (page.code === NCCode.NOT_IN_GROUP) found.push({ groupId, members: [] });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

/** The groups of this page. */
export const groups: Groups = new Groups();

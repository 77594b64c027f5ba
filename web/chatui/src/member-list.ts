/**
 * The members of a group, page by page, and a search among them.
 *
 * @module
 */

import type { GroupMemberInfo } from '@nuncio/chat';
import { GroupChannel, GroupMemberRole } from '@nuncio/chat';
import type { PageQuery } from '@nuncio/chat';
import { ChatError } from './failure.js';
import { groups } from './groups.js';
import { userInfo } from './user-info.js';

/** Members of one page. */
const PAGE = 100;
/** In this order. */
const ROLES = [GroupMemberRole.OWNER, GroupMemberRole.MANAGER, GroupMemberRole.NORMAL];

/** A member as lists show it. */
export type ListedMember = Pick<GroupMemberInfo, 'userId' | 'role'>;

/** See the module. Fires `change` when its members are different. */
export class MemberList extends EventTarget {
  /** Whether a page is being read. */
  loading = false;
  /** Why the last page did not come. */
  failure: unknown;
  #all: ListedMember[] = [];
  #found: ListedMember[] = [];
  #needle = '';
  #pages: PageQuery<GroupMemberInfo>[] = [];
  #foundPages: PageQuery<GroupMemberInfo> | undefined;
  #generation = 0;
  #stop: (() => void) | undefined;

  /** @param groupId of which group */
  constructor(readonly groupId: string) {
    super();
  }

  /** Begins to listen, and reads the first page. */
  open(): void {
    this.#stop ??= groups.onChange(({ groupId, listed }) => {
      if (groupId === this.groupId && listed) void this.#begin();
    });
    void this.#begin();
  }

  /** Hears no more. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** What is searched for. */
  get needle(): string {
    return this.#needle;
  }

  /** The members loaded so far, by their roles; with a search, those that it finds. */
  get members(): ListedMember[] {
    if (this.#needle === '') return this.#all;
    const here = this.#all.filter(({ userId }) => matches(userId, this.groupId, this.#needle));
    return [...new Map([...here, ...this.#found].map((one) => [one.userId, one])).values()];
  }

  /** Whether there are more than those loaded. */
  get hasMore(): boolean {
    return this.#needle === '' ? this.#pages.length > 0 : (this.#foundPages?.hasNext ?? false);
  }

  /** Searches by nickname, name, alias or id; an empty text ends the search. */
  find(needle: string): void {
    this.#needle = needle.trim();
    this.#found = [];
    this.#foundPages = undefined;
    if (this.#needle !== '' && userInfo.listsHostedMembers && this.#pages.length > 0) {
      this.#foundPages = new GroupChannel(this.groupId).createSearchGroupMembersQuery({ memberName: this.#needle, pageSize: PAGE });
    }
    this.#tell();
    if (this.#foundPages !== undefined) void this.more();
  }

  /** Reads the next page. */
  async more(): Promise<void> {
    const searching = this.#foundPages;
    const query = searching ?? this.#pages[0];
    if (query === undefined || this.loading || !query.hasNext) return;
    const generation = this.#generation;
    this.loading = true;
    this.#tell();
    const page = await query.loadNextPage();
    this.loading = false;
    if (generation !== this.#generation) return;
    this.failure = page.isOk ? undefined : new ChatError(page.code, page.msg ?? '');
    const members = page.data?.data ?? [];
    userInfo.heardOfMembers(this.groupId, members);
    if (searching === undefined) this.#all = [...this.#all, ...members];
    else if (searching === this.#foundPages) this.#found = [...this.#found, ...members];
    if (!page.isOk) this.#pages = [];
    else if (searching === undefined && !query.hasNext) this.#pages.shift();
    this.#tell();
    // The owner and the managers do not fill a page.
    const short = searching === undefined && members.length < PAGE && this.#pages.length > 0;
    if (short || (this.#needle !== '' && searching !== this.#foundPages)) await this.more();
  }

  async #begin(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.loading = false;
    this.failure = undefined;
    if (userInfo.listsHostedMembers) {
      this.#all = [];
      this.#pages = ROLES.map((role) =>
        GroupChannel.createGroupMembersByRoleQuery({ groupId: this.groupId, role, pageSize: PAGE, isAscending: true }),
      );
      await this.more();
      return;
    }
    try {
      const list = await userInfo.listMembers(this.groupId);
      if (generation === this.#generation) this.#all = list.map(({ userId }) => ({ userId }));
    } catch (error) {
      this.failure = error;
    }
    this.#tell();
  }

  #tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** Whether a member is meant by a text: by the name shown, or the id. */
export function matches(userId: string, groupId: string, needle: string): boolean {
  const lower = needle.toLocaleLowerCase();
  return userInfo.knownName(userId, groupId).toLocaleLowerCase().includes(lower) || userId.toLowerCase().includes(lower);
}

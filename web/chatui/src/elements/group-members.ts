import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { GroupChannel, GroupMemberRole, GroupOperationPermission } from '@nuncio/chat';
import { NuncioElement, failureText } from '../element.js';
import { succeed } from '../failure.js';
import { groups } from '../groups.js';
import type { ListedMember } from '../member-list.js';
import { MemberList } from '../member-list.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';
import { icons } from './icons.js';
import { listStyles } from './list-styles.js';
import type { MenuItem } from './menu.js';
import { menu, menuStyles, openMenu } from './menu.js';

/** Height of a row, in pixels. */
const ROW = 56;
/** Rows that are drawn above and below those in view. */
const SPARE = 6;
/** Rows from the end at which more are asked for. */
const ASK = 30;
/** Minutes of the shorter mute. */
const HOUR = 60;

/**
 * A group's members, by role, with a search and what the user may do about each; only rows near the view are drawn.
 *
 * @fires open-user - `detail` is the id of the member that was chosen
 */
export class NuncioGroupMembers extends NuncioElement {
  static override properties: PropertyDeclarations = { groupId: { type: String, attribute: 'group-id' } };

  /** Whose members. */
  declare groupId: string | undefined;

  #list: MemberList | undefined;
  #muted = new Set<string>();
  #allowed = new Set<string>();
  #favorites = new Set<string>();
  #menu: { items: MenuItem[]; label: string } = { items: [], label: '' };
  #top = 0;
  #height = 6 * ROW;
  #stop: (() => void) | undefined;
  readonly #changed = (): void => this.requestUpdate();
  readonly #size = new ResizeObserver(([change]) => {
    this.#height = change?.contentRect.height || this.#height;
    this.requestUpdate();
  });

  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    menuStyles,
    css`
      :host { display: block; }
      form { padding: 0 0 8px; }
      .scroll { max-height: min(336px, 45vh); padding: 0; border: 1px solid var(--nuncio-border); border-radius: var(--nuncio-radius); }
      .scroll:focus-visible { outline: 2px solid var(--nuncio-accent); }
      li { position: relative; height: ${ROW}px; }
      .row { min-height: ${ROW}px; padding-block: 4px; }
      .marks { display: inline-flex; align-items: center; gap: 6px; color: var(--nuncio-text-muted); }
      .marks svg { width: 16px; height: 16px; }
      .badge { font-weight: 600; background: var(--nuncio-accent-soft); color: var(--nuncio-accent); white-space: nowrap; }
      .badge.muted { background: var(--nuncio-warning-soft); color: var(--nuncio-warning); }
      .row > .button.icon { width: 36px; }
      .state { padding: 12px; text-align: center; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
      button.person { display: flex; flex: 1; min-width: 0; align-items: center; gap: 12px; padding: 0; border: 0; background: none; text-align: start; cursor: pointer; border-radius: var(--nuncio-radius); }
    `,
  ];

  constructor() {
    super();
    this.follows('presence');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#close();
    this.#size.disconnect();
  }

  protected override willUpdate(changed?: PropertyValues<this>): void {
    super.willUpdate();
    if (changed?.has('groupId') && this.isConnected) this.#open();
  }

  protected override updated(): void {
    const scroller = this.renderRoot.querySelector('.scroll');
    if (scroller !== null) this.#size.observe(scroller);
    const list = this.#list;
    if (list !== undefined && !list.loading && list.hasMore && (this.#top + this.#height) / ROW + ASK > list.members.length) void list.more();
  }

  #open(): void {
    if (this.#list?.groupId === this.groupId) return;
    this.#close();
    if (!this.groupId) return;
    this.#list = new MemberList(this.groupId);
    this.#list.addEventListener('change', this.#changed);
    this.#list.open();
    this.#stop = groups.onChange(({ groupId }) => {
      if (groupId === this.groupId) void this.#readMarks();
    });
    void this.#readMarks();
  }

  #close(): void {
    this.#list?.removeEventListener('change', this.#changed);
    this.#list?.close();
    this.#stop?.();
    this.#list = this.#stop = undefined;
  }

  /** Who is muted, which managers may ask, and whom the user follows. */
  async #readMarks(): Promise<void> {
    const { groupId } = this;
    if (!groupId) return;
    const group = new GroupChannel(groupId);
    const manages = groups.isManager(groupId);
    const [favorites, mutes, senders] = await Promise.all([
      group.getFavorites(),
      manages ? group.getMutedMembers() : undefined,
      manages ? group.getAllowedSenders() : undefined,
    ]);
    if (groupId !== this.groupId) return;
    this.#favorites = new Set(favorites.data ?? []);
    this.#muted = new Set((mutes?.data ?? []).map(({ userId }) => userId));
    this.#allowed = new Set(senders?.data ?? []);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const list = this.#list;
    if (list === undefined) return html``;
    const { members } = list;
    const start = Math.max(0, Math.floor(this.#top / ROW) - SPARE);
    const end = Math.min(members.length, Math.ceil((this.#top + this.#height) / ROW) + SPARE);
    return html`
      <form role="search" @submit=${(event: Event) => event.preventDefault()}>
        <input class="input" type="search" maxlength="64" placeholder=${text('members.search')} aria-label=${text('members.search')} @input=${this.#find} />
      </form>
      ${this.error ? html`<div class="note danger" role="alert">${this.error}</div>` : nothing}
      <div class="scroll" @scroll=${this.#scrolled}>
        ${members.length === 0
          ? html`<div class="state" role="status">${list.loading ? text('loading') : list.failure ? failureText(list.failure) : text('members.none')}</div>`
          : html`<ul aria-label=${text('members')} .style=${`padding-block:${start * ROW}px ${(members.length - end) * ROW}px`}>
              ${repeat(members.slice(start, end), ({ userId }) => userId, (member, index) => this.#row(member, start + index, members.length))}
            </ul>`}
      </div>
      ${menu(this.#menu.items, this.#menu.label)}
    `;
  }

  #row({ userId, role }: ListedMember, index: number, count: number): TemplateResult {
    const groupId = this.groupId as string;
    const name = userInfo.displayName(userId, groupId);
    const elsewhere = userInfo.displayName(userId);
    const items = this.#actions(userId, role);
    return html`<li aria-posinset=${index + 1} aria-setsize=${count}><div class="row">
      <button class="person focusable" type="button" @click=${() => this.emit('open-user', userId)}>
        ${avatar(userId, true, groupId)}
        <span class="main"><span class="name" dir="auto">${name}</span>${name === elsewhere && name === userId ? nothing : html`<span class="sub" dir="auto">${name === elsewhere ? userId : elsewhere}</span>`}</span>
      </button>
      <span class="marks">
        ${this.#favorites.has(userId) ? html`<span role="img" aria-label=${text('members.favorite')} title=${text('members.favorite')}>${icons.star}</span>` : nothing}
        ${this.#allowed.has(userId) && groups.info(groupId)?.isFrozen ? html`<span class="badge">${text('members.allowed')}</span>` : nothing}
        ${this.#muted.has(userId) ? html`<span class="badge muted">${text('members.muted')}</span>` : nothing}
        ${role === GroupMemberRole.OWNER ? html`<span class="badge">${text('members.owner')}</span>` : nothing}
        ${role === GroupMemberRole.MANAGER ? html`<span class="badge">${text('members.manager')}</span>` : nothing}
      </span>
      ${items.length === 0
        ? nothing
        : html`<button class="button icon focusable" type="button" aria-haspopup="menu" aria-label=${`${text('members.menu')}: ${name}`}
            @click=${(event: MouseEvent) => this.#show(event, name, items)}>${icons.more}</button>`}
    </div></li>`;
  }

  /** What the user may do about a member; the service decides again. */
  #actions(userId: string, role: GroupMemberRole | undefined): MenuItem[] {
    const groupId = this.groupId as string;
    if (userId === session.userId) return [];
    const group = new GroupChannel(groupId);
    const mine = groups.role(groupId) ?? GroupMemberRole.UNDEF;
    if (mine === GroupMemberRole.UNDEF) return [];
    const above = mine >= GroupMemberRole.MANAGER && mine > (role ?? GroupMemberRole.NORMAL);
    const act = (call: () => Promise<unknown>, question?: string) => () => {
      if (question === undefined || this.ownerDocument.defaultView?.confirm(question)) void this.attempt(call).then(() => this.#readMarks());
    };
    const name = userInfo.displayName(userId, groupId);
    const favorite = this.#favorites.has(userId);
    const items: MenuItem[] = [
      { label: text('members.card'), run: () => this.emit('open-user', userId) },
      {
        label: text(favorite ? 'members.favorite.no' : 'members.favorite.add'),
        run: act(() => succeed<unknown>(favorite ? group.removeFavorites([userId]) : group.addFavorites([userId]))),
      },
    ];
    if (above && this.#muted.has(userId)) {
      items.push({ label: text('members.unmute'), run: act(() => succeed<unknown>(group.unmuteMembers([userId]))) });
    } else if (above) {
      items.push({ label: text('members.mute.hour'), run: act(() => succeed<unknown>(group.muteMembers({ userIds: [userId], minutes: HOUR }))) });
      items.push({ label: text('members.mute'), run: act(() => succeed<unknown>(group.muteMembers({ userIds: [userId] }))) });
    }
    if (above && groups.info(groupId)?.isFrozen) {
      const allowed = this.#allowed.has(userId);
      items.push({
        label: text(allowed ? 'members.allow.no' : 'members.allow'),
        run: act(() => succeed<unknown>(group.setAllowedSenders(allowed ? { remove: [userId] } : { add: [userId] }))),
      });
    }
    if (mine === GroupMemberRole.OWNER) {
      const manages = role === GroupMemberRole.MANAGER;
      items.push({
        label: text(manages ? 'members.manager.no' : 'members.manager.make'),
        run: act(() => succeed<unknown>(manages ? group.removeAdmins([userId]) : group.addAdmins([userId]))),
      });
      const give = (): Promise<unknown> => succeed<unknown>(group.transferOwner({ newOwnerId: userId }));
      items.push({ label: text('members.owner.make'), danger: true, run: act(give, text('members.owner.sure', name)) });
    }
    if (this.#mayRemove(mine, role, above)) {
      const kick = (): Promise<unknown> => succeed<unknown>(group.kickMembers({ userIds: [userId] }));
      items.push({ label: text('members.kick'), danger: true, run: act(kick, text('members.kick.sure', name)) });
    }
    return items;
  }

  #mayRemove(mine: GroupMemberRole, role: GroupMemberRole | undefined, above: boolean): boolean {
    const who = groups.info(this.groupId as string)?.removeMemberPermission;
    if (mine === GroupMemberRole.OWNER) return true;
    if (mine === GroupMemberRole.MANAGER) return above && who !== GroupOperationPermission.OWNER;
    return who === GroupOperationPermission.EVERYONE && (role ?? GroupMemberRole.NORMAL) === GroupMemberRole.NORMAL;
  }

  readonly #find = (event: Event): void => {
    this.#top = 0;
    this.#list?.find((event.target as HTMLInputElement).value);
    this.renderRoot.querySelector('.scroll')?.scrollTo(0, 0);
  };

  readonly #scrolled = (event: Event): void => {
    this.#top = (event.target as HTMLElement).scrollTop;
    this.requestUpdate();
  };

  #show(event: MouseEvent, label: string, items: MenuItem[]): void {
    const anchor = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.#menu = { items, label };
    this.requestUpdate();
    void this.updateComplete.then(() => openMenu(this.renderRoot as ShadowRoot, anchor));
  }
}

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Group, GroupMember, GroupMute, GroupRole } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { choiceField } from '../parts/fields.js';
import { initialsOf, initialsStyles } from '../parts/initials.js';
import { Listing } from '../parts/listing.js';
import type { Column } from '../parts/table.js';
import { table, tableStyles } from '../parts/table.js';
import { address, go } from '../router.js';
import { may } from '../state.js';
import { groupRoles, number, time } from '../words.js';
import { actionsOnGroup, actionsOnMember } from './group-actions.js';

/** What the numbers of permissions mean, as the Server API has them. */
const WHO = ['The owner', 'Owner and admins', 'All members'] as const;
const PERMISSIONS: readonly (readonly [name: string, label: string, meanings: readonly string[]])[] = [
  ['joinPerm', 'Joining', ['With the owner\'s consent', 'Anyone', 'With the owner\'s or an admin\'s consent', 'Nobody']],
  ['memInvitePerm', 'Who may invite', WHO],
  ['invitePerm', 'Who is invited', ['Is in at once', 'Must consent']],
  ['removePerm', 'Who may remove members', WHO],
  ['profilePerm', 'Who may change name and texts', WHO],
  ['memProfilePerm', 'Who may rename members', ['Owner, admins and themselves', 'The owner and themselves', 'Themselves']],
];

/** Everything about one group, but what was said in it. */
class GroupPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    tableStyles,
    initialsStyles,
    css`
      .sub { display: block; font-weight: 400; color: var(--nuncio-text-muted); }
      .texts { white-space: pre-wrap; }
      .filter { max-width: 260px; }
    `,
  ];
  static override properties = { app: {}, groupId: {} };

  declare app: App;
  declare groupId: string;
  #group: Group | undefined;
  #failure: string | undefined;
  #role: GroupRole | undefined;
  readonly #members = new Listing<GroupMember>(this, (pageToken) =>
    call('groups/members', {
      appKey: this.app.appKey,
      groupId: this.groupId,
      ...(this.#role === undefined ? {} : { role: this.#role }),
      ...(pageToken === undefined ? {} : { pageToken }),
    }),
  );

  protected override firstUpdated(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#group = await call('groups/get', { appKey: this.app.appKey, groupId: this.groupId });
      this.#failure = undefined;
      void this.#members.restart();
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const group = this.#group;
    const { appKey } = this.app;
    const all = { page: 'groups', appKey } as const;
    return html`<div class="page">
      <p><a href=${address(all)}>All groups</a></p>
      <div class="head"><h1>${group?.name || this.groupId}</h1>${group?.frozen ? html`<span class="badge warn">Frozen</span>` : nothing}</div>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${group === undefined
        ? (this.#failure === undefined ? html`<p class="muted" role="status">Loading…</p>` : nothing)
        : html`${may(this.app, 'support') ? html`<div class="actions" role="group" aria-label="Actions">${actionsOnGroup(this.app, group, () => void this.#load(), () => go(all)).map(
            ({ label, danger, run }) => html`<button class=${`button ${danger ? 'danger-quiet' : ''}`} type="button" @click=${() => void run()}>${label}</button>`,
          )}</div>` : nothing}
          ${this.#facts(group)}${this.#permissions(group)}${this.#memberList(group)}
          <p><a href=${address({ page: 'audit', appKey, action: 'group.' })}>What was changed about groups, in the audit trail</a></p>`}
    </div>`;
  }

  #facts(group: Group): TemplateResult {
    const user = (userId: string): string => address({ page: 'user', appKey: this.app.appKey, userId });
    return html`<section class="card" aria-labelledby="facts"><h2 id="facts">About</h2><dl class="facts">
      <dt>Group id</dt><dd class="mono">${group.groupId}</dd>
      <dt>Name</dt><dd>${group.name}</dd>
      <dt>Avatar</dt><dd class="mono">${group.avatarUrl || '–'}</dd>
      <dt>Owner</dt><dd><a href=${user(group.owner)}>${group.ownerName}</a></dd>
      <dt>Made</dt><dd>${time(group.createdAt)}${group.creator === group.owner ? nothing : html`, by <a href=${user(group.creator)}>${group.creator}</a>`}</dd>
      <dt>Introduction</dt><dd class="texts">${group.introduction || '–'}</dd>
      <dt>Announcement</dt><dd class="texts">${group.announcement || '–'}</dd>
      ${Object.entries(group.ext).map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}
    </dl></section>`;
  }

  #permissions({ permissions }: Group): TemplateResult {
    return html`<section class="card" aria-labelledby="permissions"><h2 id="permissions">Permissions</h2><dl class="facts">
      ${PERMISSIONS.map(([name, label, meanings]) => html`<dt>${label}</dt><dd>${meanings[permissions[name] ?? 0] ?? permissions[name]}</dd>`)}</dl></section>`;
  }

  #memberList(group: Group): TemplateResult {
    const { items } = this.#members;
    const { appKey } = this.app;
    const columns: Column<GroupMember>[] = [
      { title: 'Member', cell: ({ userId, name, avatarUrl }) => html`<div class="named">${initialsOf(userId, name)}<div>
        <a href=${address({ page: 'user', appKey, userId })}>${name}</a> <span class="sub mono">${userId}</span>
        ${avatarUrl === '' ? nothing : html`<span class="sub mono">${avatarUrl}</span>`}</div></div>` },
      { title: 'Role', cell: ({ role, joinedAt }) => html`${groupRoles[role]} <span class="sub small">since ${time(joinedAt)}</span>` },
      { title: 'Muted', cell: ({ muted, mutedInAllGroups }) => (muted === null && mutedInAllGroups === null
        ? html`<span class="muted">No</span>`
        : html`${muteText(muted, 'Here')} ${muteText(mutedInAllGroups, 'In all groups')}`) },
    ];
    if (may(this.app, 'support')) {
      columns.push({ title: '', cell: (member) => html`<div class="actions">${actionsOnMember(this.app, group.groupId, member, () => void this.#load()).map(
        ({ label, danger, run }) => html`<button class=${`button small ${danger ? 'danger-quiet' : ''}`} type="button" aria-label=${`${label} ${member.name}`} @click=${() => void run()}>${label}</button>`,
      )}</div>` });
    }
    return html`<section class="card" aria-labelledby="members"><h2 id="members">Members: ${number(group.memberCount)}</h2>
      <div class="filter">${choiceField({
        name: 'role', label: 'Show', value: this.#role ?? '', options: [['', 'All'], ['owner', 'The owner'], ['admin', 'Admins'], ['member', 'Neither']],
        change: (value) => {
          this.#role = value === '' ? undefined : (value as GroupRole);
          void this.#members.restart();
        },
      })}</div>
      ${items === undefined ? nothing : table<GroupMember>('Members', columns, items, ({ userId }) => userId, 'Nobody has this role.')}
      ${this.#members.foot()}</section>`;
  }
}

function muteText(mute: GroupMute | null, where: string): TemplateResult | typeof nothing {
  if (mute === null) return nothing;
  return html`<span class="badge warn">${where}</span> ${mute.untilUnmuted ? 'until unmuted' : html`until ${time(mute.until)}`}`;
}
customElements.define('console-group', GroupPage);

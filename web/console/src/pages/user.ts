import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { App, Device, JoinedGroup, Relation, User } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { Listing } from '../parts/listing.js';
import { table, tableStyles } from '../parts/table.js';
import { address, go } from '../router.js';
import { may } from '../state.js';
import { groupRoles, number, permissions, time } from '../words.js';
import { auditTable } from './audit.js';
import { frozenBadge } from './groups.js';
import { actionsOn } from './user-actions.js';
import './user-export.js';
import { statusBadges } from './users.js';

type ListName = 'friends' | 'blocklist' | 'whitelist';

const LISTS: readonly (readonly [ListName, string])[] = [['friends', 'Friends'], ['blocklist', 'Blocklist'], ['whitelist', 'Whitelist']];

/** Everything about one user. Avatars are not loaded, so that no stranger's server learns when an operator looks. */
class UserPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles];
  static override properties = { app: {}, userId: {} };

  declare app: App;
  declare userId: string;
  #user: User | undefined;
  #failure: string | undefined;
  #shown: ListName | undefined;
  readonly #relations = new Listing<Relation>(this, (pageToken) =>
    call('users/relations', { appKey: this.app.appKey, userId: this.userId, list: this.#shown ?? 'friends', ...(pageToken === undefined ? {} : { pageToken }) }),
  );

  readonly #groups = new Listing<JoinedGroup>(this, (pageToken) =>
    call('users/groups', { appKey: this.app.appKey, userId: this.userId, ...(pageToken === undefined ? {} : { pageToken }) }),
  );

  protected override firstUpdated(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#user = await call('users/get', { appKey: this.app.appKey, userId: this.userId });
      this.#failure = undefined;
      if (!this.#user.softDeleted) void this.#groups.restart();
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const user = this.#user;
    const all = { page: 'users', appKey: this.app.appKey } as const;
    return html`<div class="page">
      <p><a href=${address(all)}>All users</a></p>
      <div class="head"><h1>${user?.shownName || this.userId}</h1>${user === undefined ? nothing : statusBadges(user.status)}</div>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${user === undefined
        ? (this.#failure === undefined ? html`<p class="muted" role="status">Loading…</p>` : nothing)
        : html`${may(this.app, 'support') ? html`<div class="actions" role="group" aria-label="Actions">${actionsOn(this.app, user, () => void this.#load(), () => go(all)).map(
            ({ label, danger, run }) => html`<button class=${`button ${danger ? 'danger-quiet' : ''}`} type="button" @click=${() => void run()}>${label}</button>`,
          )}</div>` : nothing}
          ${this.#facts(user)}${this.#devices(user.devices)}${this.#profile(user)}${this.#lists(user)}${user.softDeleted ? nothing : this.#joined()}
          ${may(this.app, 'developer') ? html`<console-user-export .app=${this.app} .userId=${user.userId}></console-user-export>` : nothing}
          <section class="card" aria-labelledby="history"><h2 id="history">Latest changes</h2>${auditTable(user.history, false)}
            <p><a href=${address({ page: 'audit', appKey: this.app.appKey, userId: user.userId })}>All in the audit trail</a></p></section>`}
    </div>`;
  }

  #facts(user: User): TemplateResult {
    const { ban } = user;
    const own = user.friendPermission;
    return html`<section class="card" aria-labelledby="facts"><h2 id="facts">About</h2><dl class="facts">
      <dt>User id</dt><dd class="mono">${user.userId}</dd>
      <dt>Name, when registered</dt><dd>${user.name || '–'}</dd>
      <dt>Avatar</dt><dd class="mono">${user.avatarUrl || '–'}</dd>
      <dt>Registered</dt><dd>${time(user.createdAt)}</dd>
      <dt>Ban</dt><dd>${ban === null ? 'None' : html`${ban.untilUnbanned ? 'Until unbanned' : html`Until ${time(ban.until)}`}${ban.reason === '' ? nothing : html`, because: ${ban.reason}`}`}</dd>
      <dt>May send messages</dt><dd>${user.muted ? 'No, muted' : 'Yes'}</dd>
      <dt>Latest token</dt><dd>${user.lastTokenAt === 0 ? 'None' : time(user.lastTokenAt)}</dd>
      <dt>Void tokens</dt><dd>${user.tokensFrom <= user.createdAt ? 'None' : html`Those from before ${time(user.tokensFrom)}`}</dd>
      <dt>Who may become a friend</dt><dd>${own === null ? 'As the app says' : permissions[own]}</dd>
      <dt>Whitelist</dt><dd>${user.whitelistOn ? 'On' : 'Off'}</dd>
      <dt>Tags</dt><dd>${user.tags.length === 0 ? 'None' : html`<span class="badges">${user.tags.map((tag) => html`<span class="badge plain">${tag}</span>`)}</span>`}</dd>
    </dl></section>`;
  }

  #devices(devices: readonly Device[]): TemplateResult {
    return html`<section class="card" aria-labelledby="devices"><h2 id="devices">Connected devices</h2>${table<Device>(
      'Connected devices',
      [
        { title: 'Device', cell: ({ deviceId }) => html`<span class="mono">${deviceId}</span>` },
        { title: 'Platform', cell: ({ platform, sdkVersion }) => `${platform} ${sdkVersion}` },
        { title: 'Address', cell: ({ address: from }) => html`<span class="mono whole">${from}</span>` },
        ...(devices.some(({ node }) => node !== '') ? [{ title: 'Node', cell: ({ node }: Device) => node }] : []),
        { title: 'Since', cell: ({ since }) => time(since) },
        ...(may(this.app, 'support')
          ? [{ title: '', cell: (device: Device) => html`<button class="button small" type="button" aria-label=${`Disconnect ${device.deviceId}`} @click=${() => void this.#disconnect(device)}>Disconnect</button>` }]
          : []),
      ],
      devices,
      ({ sessionId }) => sessionId,
      'No device is connected.',
    )}</section>`;
  }

  async #disconnect({ sessionId }: Device): Promise<void> {
    const { appKey } = this.app;
    await this.attempt(() => call('users/disconnect', { appKey, userId: this.userId, sessionId }), 'The connection is closed.');
    await this.#load();
  }

  #profile({ profile }: User): TemplateResult {
    const pairs = profile === null ? [] : [...Object.entries(profile.basic ?? {}), ...Object.entries(profile.ext)];
    return html`<section class="card" aria-labelledby="profile"><h2 id="profile">Hosted profile</h2>${profile === null
      ? html`<p class="muted">There is none.</p>`
      : html`<dl class="facts">${pairs.map(([key, value]) => html`<dt>${key}</dt><dd>${typeof value === 'string' ? value : JSON.stringify(value)}</dd>`)}
          <dt>Changed</dt><dd>${time(profile.updatedAt)}</dd></dl>`}</section>`;
  }

  #lists({ counts }: User): TemplateResult {
    const shown = this.#shown;
    const { items } = this.#relations;
    const name = LISTS.find(([list]) => list === shown)?.[1] ?? '';
    return html`<section class="card" aria-labelledby="lists"><h2 id="lists">Lists</h2>
      <div class="actions" role="group" aria-labelledby="lists">${LISTS.map(([list, label]) => html`<button class=${`button small ${list === shown ? 'primary' : ''}`} type="button"
        aria-pressed=${list === shown ? 'true' : 'false'} @click=${() => this.#show(list)}>${label}: ${number(counts[list])}</button>`)}</div>
      ${shown === undefined ? nothing : html`${items === undefined ? nothing : table<Relation>(
        name,
        [
          { title: 'User', cell: ({ userId, name: known }) => html`<a href=${address({ page: 'user', appKey: this.app.appKey, userId })}>${userId}</a>${known === '' || known === userId ? nothing : html` <span class="muted small">${known}</span>`}` },
          ...(shown === 'friends'
            ? [{ title: 'Own name for them', cell: ({ alias }: Relation) => alias || '–' }, { title: 'Since', cell: ({ since }: Relation) => time(since) }]
            : []),
        ],
        items,
        ({ userId }) => userId,
        'Nobody is on this list.',
      )}${this.#relations.foot()}`}</section>`;
  }

  #joined(): TemplateResult {
    const { items } = this.#groups;
    return html`<section class="card" aria-labelledby="groups"><h2 id="groups">Groups</h2>${items === undefined ? nothing : table<JoinedGroup>(
      'Groups',
      [
        { title: 'Group', cell: ({ groupId, name }) => html`<a href=${address({ page: 'group', appKey: this.app.appKey, groupId })}>${name}</a> <span class="muted mono">${groupId}</span>` },
        { title: 'Role', cell: ({ role }) => groupRoles[role] },
        { title: 'Members', cell: ({ memberCount }) => number(memberCount) },
        { title: 'Frozen', cell: ({ frozen }) => frozenBadge(frozen) },
        { title: 'Joined', cell: ({ joinedAt }) => time(joinedAt) },
      ],
      items,
      ({ groupId }) => groupId,
      'The user is in no group.',
    )}${this.#groups.foot()}</section>`;
  }

  #show(list: ListName): void {
    this.#shown = this.#shown === list ? undefined : list;
    this.#relations.items = undefined;
    if (this.#shown !== undefined) void this.#relations.restart();
    this.requestUpdate();
  }
}
customElements.define('console-user', UserPage);

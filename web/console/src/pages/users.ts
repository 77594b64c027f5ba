import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, IssuedToken, UserRow, UserStatus } from '../api.js';
import { call } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { choiceField, textField, textOf } from '../parts/fields.js';
import { Listing } from '../parts/listing.js';
import { table, tableStyles } from '../parts/table.js';
import type { StatusFilter } from '../router.js';
import { address, go } from '../router.js';
import { may } from '../state.js';
import { statuses, time } from '../words.js';

const KINDS: Record<UserStatus, string> = { active: 'plain', banned: 'bad', muted: 'warn', softDeleted: 'bad' };

/** The badges of a user's standing. */
export const statusBadges = (all: readonly UserStatus[]): TemplateResult =>
  html`<span class="badges">${all.map((status) => html`<span class=${`badge ${KINDS[status]}`}>${statuses[status]}</span>`)}</span>`;

/** Registers a user, or gives one a new name, and shows the token. */
export async function register(appKey: string, user?: { userId: string; name: string; avatarUrl: string }): Promise<boolean> {
  let issued: IssuedToken | undefined;
  let userId = user?.userId ?? '';
  const done = await dialog({
    title: user === undefined ? 'Register a user' : 'Issue a token',
    body: () => html`<p class="muted">${user === undefined
      ? 'Registers the user, or changes name and avatar of who has this id already, and issues a token to connect with.'
      : 'A token more to connect with. Those from before stay good. The name and the avatar become what is here.'}</p>
      ${user === undefined ? textField({ name: 'userId', label: 'User id', required: true, maxlength: 64, focus: true, hint: 'As your app calls the user.' }) : nothing}
      ${textField({ name: 'name', label: 'Name', required: true, maxlength: 64, value: user?.name ?? '', hint: 'Shown in push notifications.' })}
      ${textField({ name: 'avatarUrl', label: 'Address of the avatar', maxlength: 1024, value: user?.avatarUrl ?? '' })}
      ${textField({ name: 'ttl', label: 'Life of the token in seconds', type: 'number', min: 1, hint: 'Empty: what the feature configuration says.' })}`,
    action: user === undefined ? 'Register' : 'Issue token',
    run: async (form) => {
      userId = user?.userId ?? textOf(form, 'userId');
      const [avatarUrl, ttl] = [textOf(form, 'avatarUrl'), textOf(form, 'ttl')];
      issued = await call('users/register', {
        appKey, userId, name: textOf(form, 'name'), ...(avatarUrl === '' ? {} : { avatarUrl }), ...(ttl === '' ? {} : { ttlSeconds: Number(ttl) }),
      });
    },
  });
  if (!done || issued === undefined) return false;
  const { token, expiresAt } = issued;
  await dialog({
    title: 'The token',
    body: () => html`<p class="muted">Whoever has it connects as <strong>${userId}</strong>. It is good ${expiresAt === null ? 'until it is expired' : html`until ${time(expiresAt)}`}, and not shown again.</p>
      ${copied(token, 'token')}`,
    action: 'Done',
    told: true,
  });
  return true;
}

class UsersPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    tableStyles,
    css`
      .find { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; }
      .find .field:first-child { flex: 1 1 220px; }
      .also { display: block; font-weight: 400; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
      .sub { display: block; font-weight: 400; color: var(--nuncio-text-muted); }
    `,
  ];
  static override properties = { app: {}, query: {}, status: {} };

  declare app: App;
  declare query: string;
  declare status: StatusFilter | undefined;
  readonly #users = new Listing<UserRow>(this, (pageToken) =>
    call('users/list', {
      appKey: this.app.appKey,
      ...(this.query === '' ? {} : { query: this.query }),
      ...(this.status === undefined ? {} : { status: this.status }),
      ...(pageToken === undefined ? {} : { pageToken }),
    }),
  );

  protected override firstUpdated(): void {
    void this.#users.restart();
  }

  protected override render(): TemplateResult {
    const { app, query, status } = this;
    const { items } = this.#users;
    return html`<div class="page">
      <div class="head"><h1>Users</h1>${may(app, 'support')
        ? html`<div class="end"><button class="button primary" type="button" @click=${this.#register}>Register a user</button></div>`
        : nothing}</div>
      <form class="find card" role="search" @submit=${this.#search}>
        ${textField({ name: 'query', label: 'Find', type: 'search', value: query, maxlength: 256, placeholder: 'How the id or the name begins' })}
        <button class="button" type="submit">Find</button>
        ${choiceField({
          name: 'status', label: 'Or show', value: status ?? '',
          options: [['', query === '' ? 'All, newest first' : 'What was found'], ['banned', 'Banned'], ['muted', 'Muted'], ['softDeleted', 'Soft-deleted']],
          change: (value) => go({ page: 'users', appKey: app.appKey, ...(value === '' ? {} : { status: value as StatusFilter }) }),
        })}
      </form>
      <section class="card" aria-label="Users">
        ${items === undefined ? nothing : table<UserRow>(
          'Users',
          [
            { title: 'User', cell: (user) => html`<a href=${address({ page: 'user', appKey: app.appKey, userId: user.userId })}>${user.shownName || user.userId}</a>
              <span class="sub mono">${user.userId}</span>${user.shownName === user.name ? nothing : html`<span class="also">registered as ${user.name}</span>`}` },
            { title: 'Standing', cell: (user) => statusBadges(user.status) },
            { title: 'Online', cell: (user) => (user.online ? html`<span class="badge good">Online</span>` : html`<span class="muted">No</span>`) },
            { title: 'Registered', cell: (user) => time(user.createdAt) },
          ],
          items,
          (user) => user.userId,
          query !== '' || status !== undefined ? 'Nobody was found.' : 'Nobody is registered yet.',
        )}
        ${this.#users.foot()}
      </section></div>`;
  }

  readonly #search = (event: SubmitEvent): void => {
    event.preventDefault();
    const query = textOf(new FormData(event.target as HTMLFormElement), 'query');
    go({ page: 'users', appKey: this.app.appKey, ...(query === '' ? {} : { query }) });
  };

  readonly #register = async (): Promise<void> => {
    if (await register(this.app.appKey)) await this.#users.restart();
  };
}
customElements.define('console-users', UsersPage);

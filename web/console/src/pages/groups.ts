import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, GroupRow } from '../api.js';
import { call } from '../client.js';
import { ConsoleElement } from '../element.js';
import { textField, textOf } from '../parts/fields.js';
import { initialsOf, initialsStyles } from '../parts/initials.js';
import { Listing } from '../parts/listing.js';
import { table, tableStyles } from '../parts/table.js';
import { address, go } from '../router.js';
import { number, time } from '../words.js';

/** Whether only some may speak in a group. */
export const frozenBadge = (frozen: boolean): TemplateResult => (frozen ? html`<span class="badge warn">Frozen</span>` : html`<span class="muted">No</span>`);

/** An app's groups. */
class GroupsPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    tableStyles,
    initialsStyles,
    css`
      .find { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; }
      .find .field { flex: 1 1 220px; }
      .sub { display: block; font-weight: 400; color: var(--nuncio-text-muted); }
    `,
  ];
  static override properties = { app: {}, query: {} };

  declare app: App;
  declare query: string;
  readonly #groups = new Listing<GroupRow>(this, (pageToken) =>
    call('groups/list', { appKey: this.app.appKey, ...(this.query === '' ? {} : { query: this.query }), ...(pageToken === undefined ? {} : { pageToken }) }),
  );

  protected override firstUpdated(): void {
    void this.#groups.restart();
  }

  protected override render(): TemplateResult {
    const { query, app: { appKey } } = this;
    const { items } = this.#groups;
    return html`<div class="page">
      <div class="head"><h1>Groups</h1></div>
      <form class="find card" role="search" @submit=${this.#search}>
        ${textField({ name: 'query', label: 'Find', type: 'search', value: query, maxlength: 64, placeholder: 'How the id begins' })}
        <button class="button" type="submit">Find</button>
      </form>
      <section class="card" aria-label="Groups">
        ${items === undefined ? nothing : table<GroupRow>(
          'Groups',
          [
            { title: 'Group', cell: ({ groupId, name }) => html`<div class="named">${initialsOf(groupId, name)}<div>
              <a href=${address({ page: 'group', appKey, groupId })}>${name}</a> <span class="sub mono">${groupId}</span></div></div>` },
            { title: 'Owner', cell: ({ owner, ownerName }) => html`<a href=${address({ page: 'user', appKey, userId: owner })}>${ownerName}</a>` },
            { title: 'Members', cell: ({ memberCount }) => number(memberCount) },
            { title: 'Frozen', cell: ({ frozen }) => frozenBadge(frozen) },
            { title: 'Made', cell: ({ createdAt }) => time(createdAt) },
          ],
          items,
          ({ groupId }) => groupId,
          query === '' ? 'There is no group yet.' : 'No group was found.',
        )}
        ${this.#groups.foot()}
      </section></div>`;
  }

  readonly #search = (event: SubmitEvent): void => {
    event.preventDefault();
    const query = textOf(new FormData(event.target as HTMLFormElement), 'query');
    go({ page: 'groups', appKey: this.app.appKey, ...(query === '' ? {} : { query }) });
  };
}
customElements.define('console-groups', GroupsPage);

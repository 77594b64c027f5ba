import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { Grant, OneTimeLink, Operator, Role } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { choiceField, textField, textOf } from '../parts/fields.js';
import { table, tableStyles } from '../parts/table.js';
import { say } from '../parts/toast.js';
import { state } from '../state.js';
import { roles, time } from '../words.js';

const CHOICES = [['', 'None'], ...Object.entries(roles).reverse()] as const;
const ROLE_HINT = 'A viewer looks; support acts on users; a developer sets features and sees the secret; an owner does everything.';

/** The fields of an operator's roles. */
function grantFields(grants: readonly Grant[]): TemplateResult {
  const role = (appKey: string | null): string => grants.find((grant) => grant.appKey === appKey)?.role ?? '';
  return html`${choiceField({ name: 'role-all', label: 'On all apps, also new ones', options: CHOICES, value: role(null), hint: ROLE_HINT })}
    ${state.apps.map(({ appKey, name }) => choiceField({ name: `role-${appKey}`, label: `On “${name}”`, options: CHOICES, value: role(appKey) }))}`;
}

function grantsOf(form: FormData): Grant[] {
  const places = [null, ...state.apps.map(({ appKey }) => appKey)];
  const grants = places.map((appKey) => ({ appKey, role: textOf(form, `role-${appKey ?? 'all'}`) }));
  return grants.filter(({ role }) => role !== '') as { appKey: string | null; role: Role }[];
}

const tellLink = (name: string, { url, expiresAt }: OneTimeLink): Promise<boolean> =>
  dialog({
    title: `The link for ${name}`,
    body: () => html`<p class="muted">Give it to ${name} on a way that nobody else reads. It is good once, until ${time(expiresAt)}, and not shown again.</p>
      ${copied(new URL(url, location.origin).href, 'link')}`,
    action: 'Done',
    told: true,
  });

/** Who works with the console, and who may do what. */
class OperatorsPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles, css`td ul { display: grid; gap: 2px; }`];

  #operators: Operator[] | undefined;
  #failure: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#operators = (await call('operators/list', {})).operators;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<div class="page">
      <div class="head"><h1>Operators</h1><div class="end"><button class="button primary" type="button" @click=${this.#invite}>Invite an operator</button></div></div>
      <p class="lead">Everybody who works with the console. A role that is taken away is gone at once.</p>
      <section class="card" aria-label="Operators">
        ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
        ${this.#operators === undefined ? nothing : table<Operator>(
          'Operators',
          [
            { title: 'Name', cell: ({ name }) => (name.length > 32 ? name : html`<span class="whole">${name}</span>`) },
            { title: 'Roles', cell: ({ grants }) => grants.length === 0 ? html`<span class="muted">None</span>`
              : html`<ul>${grants.map(({ appKey, role }) => html`<li>${roles[role]}, ${appKey === null ? 'all apps' : (state.app(appKey)?.name ?? appKey)}</li>`)}</ul>` },
            { title: 'State', cell: ({ active, secondFactor, linkExpiresAt }) => html`<span class="badges">
              ${active ? html`<span class="badge good">Active</span>` : html`<span class="badge warn">${linkExpiresAt === null || linkExpiresAt < Date.now() ? 'Needs a link' : 'Link is out'}</span>`}
              ${secondFactor ? html`<span class="badge plain">Second factor</span>` : nothing}</span>` },
            { title: 'Seen', cell: ({ lastSeenAt }) => (lastSeenAt === null ? 'Never' : time(lastSeenAt)) },
            { title: '', cell: (operator) => this.#actions(operator) },
          ],
          this.#operators,
          ({ name }) => name,
          'There is none.',
        )}</section></div>`;
  }

  #actions(operator: Operator): TemplateResult {
    const button = (label: string, run: () => Promise<void>): TemplateResult =>
      html`<button class="button small" type="button" aria-label=${`${label}: ${operator.name}`} @click=${() => void run()}>${label}</button>`;
    const self = operator.name === state.session?.operator;
    return html`<div class="actions">${button('Roles', () => this.#setGrants(operator))}
      ${self ? nothing : html`${button('New link', () => this.#newLink(operator))}${button('Remove', () => this.#remove(operator))}`}</div>`;
  }

  readonly #invite = async (): Promise<void> => {
    let name = '';
    let link: OneTimeLink | undefined;
    const done = await dialog({
      title: 'Invite an operator',
      body: () => html`${textField({ name: 'name', label: 'Name', required: true, maxlength: 64, focus: true, hint: 'Letters, digits and . _ @ + -, such as an e-mail address.' })}${grantFields([])}`,
      action: 'Make a link',
      run: async (form) => {
        name = textOf(form, 'name');
        link = await call('operators/invite', { name, grants: grantsOf(form) });
      },
    });
    if (done && link !== undefined) await tellLink(name, link);
    await this.#load();
  };

  async #newLink({ name }: Operator): Promise<void> {
    let link: OneTimeLink | undefined;
    const done = await dialog({
      title: `A new link for ${name}?`,
      body: () => html`<p>The password, the second factor and the sessions of ${name} are void at once; with the link a new password is chosen.</p>`,
      action: 'Make a link',
      danger: true,
      run: async () => (link = await call('operators/new-link', { name })),
    });
    if (done && link !== undefined) await tellLink(name, link);
    await this.#load();
  }

  async #setGrants({ name, grants }: Operator): Promise<void> {
    const done = await dialog({
      title: `Roles of ${name}`,
      body: () => grantFields(grants),
      action: 'Set roles',
      run: (form) => call('operators/set-grants', { name, grants: grantsOf(form) }),
    });
    if (!done) return;
    say(`The roles of ${name} are set.`);
    await this.attempt(async () => state.enter(await call('session/get', {})));
    if (state.ownsAll) await this.#load();
  }

  async #remove({ name }: Operator): Promise<void> {
    const done = await dialog({
      title: `Remove ${name}?`,
      body: () => html`<p>${name} is signed out at once and cannot come in again. What ${name} did stays in the audit trail.</p>`,
      action: 'Remove',
      danger: true,
      run: () => call('operators/remove', { name }),
    });
    if (!done) return;
    say(`${name} is removed.`);
    await this.#load();
  }
}
customElements.define('console-operators', OperatorsPage);

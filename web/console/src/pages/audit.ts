import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, AuditEntry, Calls } from '../api.js';
import { call } from '../client.js';
import { ConsoleElement } from '../element.js';
import { textField, textOf } from '../parts/fields.js';
import { save } from '../parts/save.js';
import { Listing } from '../parts/listing.js';
import type { Column } from '../parts/table.js';
import { table, tableStyles } from '../parts/table.js';
import { say } from '../parts/toast.js';
import type { AuditFilter } from '../router.js';
import { address, go } from '../router.js';
import { state } from '../state.js';
import { number, time } from '../words.js';

const ACTORS: Record<string, string> = { app: 'App server', api: 'App server', operator: 'Operator', cli: 'Command line', job: 'Server' };

/** Entries of the audit trail; `withUser` names the user they are about. */
export function auditTable(entries: readonly AuditEntry[], withUser: boolean): TemplateResult {
  const about: Column<AuditEntry>[] = withUser
    ? [{ title: 'User', cell: ({ appKey, userId, userName }) =>
        userId === null ? '–' : appKey === null ? userId : html`<a href=${address({ page: 'user', appKey, userId })}>${userId}</a>${userName ? html`<br><span class="muted small">${userName}</span>` : nothing}` }]
    : [];
  return table<AuditEntry>(
    'Audit trail',
    [
      { title: 'When', cell: ({ at }) => time(at) },
      { title: 'What', cell: ({ action }) => html`<code class="mono whole">${action}</code>` },
      ...about,
      { title: 'By', cell: ({ actor, address: from }) => html`${ACTORS[actor.kind] ?? actor.kind} ${actor.name}${from === '' ? nothing : html`<br><span class="muted small">${from}</span>`}` },
      { title: 'Change', cell: change },
    ],
    entries,
    ({ seq }) => seq,
    'Nothing was written down yet.',
  );
}

/** What is another after it than before. */
function change({ before, after }: AuditEntry): TemplateResult {
  const [old, now] = [members(before), members(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].filter((name) => short(old.get(name)) !== short(now.get(name)));
  if (names.length === 0) return html`<span class="muted">–</span>`;
  return html`<ul class="small">${names.map((name) => html`<li>${name === '' ? nothing : html`${name}: `}${old.has(name) ? html`<del>${old.get(name) === 0 && now.has(name) ? timeOrZero(now.get(name)) : shown(old.get(name))}</del> → ` : nothing}${now.has(name) ? shown(now.get(name)) : 'gone'}</li>`)}</ul>`;
}

function members(value: unknown): Map<string, unknown> {
  if (value === null || value === undefined) return new Map();
  return typeof value === 'object' && !Array.isArray(value) ? new Map(Object.entries(value)) : new Map([['', value]]);
}

const short = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** A 0 that is followed by a time stands for none. */
const timeOrZero = (next: unknown): string => (typeof next === 'number' && next >= 1e12 ? 'none' : '0');

/** Among what is changed, only times are as large as this; the largest stands for no end. */
function shown(value: unknown): unknown {
  if (typeof value !== 'number' || value < 1e12) return short(value);
  return value > 1e14 ? 'no end' : time(value);
}

/** The audit trail of an app, or of the console itself. */
class AuditPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles, css`
    .find { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; }
    .find .field { flex: 1 1 180px; }
    .find .field:has([type='datetime-local']) { flex-basis: 260px; }
    del { color: var(--nuncio-text-muted); }
  `];
  static override properties = { app: {}, filter: {} };
  #busy = false;

  declare app: App | undefined;
  declare filter: AuditFilter;
  readonly #entries = new Listing<AuditEntry>(this, (pageToken) =>
    call('audit/list', { ...this.#asked(), ...(pageToken === undefined ? {} : { pageToken }) }),
  );

  /** The filter as calls take it. */
  #asked(): Omit<Calls['audit/export'][0], 'pageToken'> {
    const { userId, operator, action, from, to } = this.filter;
    const moment = (text: string | undefined): number | undefined => (text === undefined || Number.isNaN(Date.parse(text)) ? undefined : Date.parse(text));
    const all = { appKey: this.app?.appKey, userId, operator, action, from: moment(from), to: moment(to) };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  protected override firstUpdated(): void {
    void this.#entries.restart();
  }

  protected override render(): TemplateResult {
    const { items } = this.#entries;
    const { userId = '', operator = '', action = '', from = '', to = '' } = this.filter;
    return html`<div class="page">
      <div class="head"><h1>${this.app === undefined ? 'Console audit' : 'Audit trail'}</h1>
        <div class="end"><button class="button" type="button" ?disabled=${this.#busy} @click=${this.#export}>Export as JSON lines</button>
        ${state.ownsAll ? html`<button class="button" type="button" @click=${this.#verify}>Check the chains</button>` : nothing}</div></div>
      <p class="lead">${this.app === undefined
        ? 'Who came in, who changed something about operators, and which apps were deleted. What concerns an app is in its own audit trail.'
        : `Who changed what in “${this.app.name}”, newest first.`} Each entry holds the hash of the one before, so that none can be changed unnoticed.</p>
      <form class="find card" role="search" @submit=${this.#search}>
        ${this.app === undefined ? nothing : textField({ name: 'userId', label: 'User id', value: userId, maxlength: 64 })}
        ${textField({ name: 'operator', label: 'By whom', value: operator, maxlength: 64 })}
        ${textField({ name: 'action', label: 'What', value: action, maxlength: 64, placeholder: this.app === undefined ? 'operator.' : 'user.ban' })}
        ${textField({ name: 'from', label: 'From', type: 'datetime-local', value: from })}
        ${textField({ name: 'to', label: 'Before', type: 'datetime-local', value: to })}
        <button class="button" type="submit">Show</button>
      </form>
      <section class="card" aria-label="Entries">${items === undefined ? nothing : auditTable(items, this.app !== undefined)}${this.#entries.foot()}</section>
    </div>`;
  }

  readonly #search = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const filter = Object.fromEntries(['userId', 'operator', 'action', 'from', 'to'].map((name) => [name, textOf(form, name)]).filter(([, text]) => text !== ''));
    go({ page: 'audit', ...(this.app === undefined ? {} : { appKey: this.app.appKey }), ...filter });
  };

  readonly #export = async (): Promise<void> => {
    this.#busy = true;
    await this.attempt(async () => save(await call('audit/export', this.#asked()), `audit${this.app === undefined ? '' : `-${this.app.appKey}`}.jsonl`));
    this.#busy = false;
    this.requestUpdate();
  };

  readonly #verify = (): Promise<boolean> =>
    this.attempt(async () => {
      const { entries, intact, problem } = await call('audit/verify', {});
      if (intact) say(`The chains of all apps and of the console are whole: ${number(entries)} entries.`);
      else say(problem ?? 'A chain is broken.', 'danger');
    });
}
customElements.define('console-audit', AuditPage);

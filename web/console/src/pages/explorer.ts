import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Sent } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copyButton } from '../parts/copy.js';
import { choiceField } from '../parts/fields.js';
import { table, tableStyles } from '../parts/table.js';
import { go } from '../router.js';
import { number } from '../words.js';

interface Schema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

interface Operation {
  path: string;
  tag: string;
  summary: string;
  description: string;
  body: Schema;
}

interface Described {
  tags: string[];
  summary: string;
  description: string;
  requestBody: { content: { 'application/json': { schema: Schema } } };
}

let loaded: Promise<Operation[]> | undefined;

/** The operations, as the server describes them. */
async function load(): Promise<Operation[]> {
  const response = await fetch('/openapi.json');
  if (!response.ok) throw new Error(`The description of the operations did not come: HTTP ${response.status}.`);
  const { paths } = (await response.json()) as { paths: Record<string, { post: Described }> };
  return Object.entries(paths).map(([path, { post }]) => ({
    path, tag: post.tags[0] ?? '', summary: post.summary, description: post.description, body: post.requestBody.content['application/json'].schema,
  }));
}

/** Signs calls of the Server API and sends them, as the app's server would. */
class ExplorerPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    tableStyles,
    css`
      textarea { width: 100%; min-height: 220px; box-sizing: border-box; resize: vertical; font-family: var(--nuncio-font-mono); font-size: 0.875rem; line-height: 1.45; padding: 10px 12px; }
      pre { margin: 0; padding: 12px 14px; overflow: auto; max-height: 420px; border-radius: var(--nuncio-radius); background: var(--nuncio-sunken); font: 0.8125rem / 1.5 var(--nuncio-font-mono); white-space: pre-wrap; overflow-wrap: anywhere; }
      .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 20px; align-items: start; }
    `,
  ];
  static override properties = { app: {}, path: {} };

  declare app: App;
  declare path: string;
  #operations: Operation[] | undefined;
  #failure: string | undefined;
  #body: string | undefined;
  #busy = false;
  #sent: Sent | undefined;
  #curl: string | undefined;

  protected override firstUpdated(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#operations = await (loaded ??= load());
      this.#body = example(this.#chosen?.body);
    } catch (error) {
      loaded = undefined;
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  get #chosen(): Operation | undefined {
    return this.#operations?.find(({ path }) => path === this.path) ?? this.#operations?.[0];
  }

  protected override render(): TemplateResult {
    const chosen = this.#chosen;
    return html`<div class="page"><div class="head"><h1>API explorer</h1></div>
      <p class="lead">Signs a call of the Server API and sends it, as the server of “${this.app.name}” would. What it changes is changed: the audit trail names you.</p>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${chosen === undefined ? (this.#failure === undefined ? html`<p class="muted" role="status">Loading…</p>` : nothing) : html`<div class="grid">${this.#request(chosen)}${this.#answer()}</div>`}
    </div>`;
  }

  #request(chosen: Operation): TemplateResult {
    const all = (this.#operations ?? []).map(({ path, tag, summary }) => [path, `${tag}: ${summary.replace(/\.$/, '')}`] as const);
    return html`<form class="card" aria-label="Call" @submit=${this.#send}>
      ${choiceField({ name: 'path', label: 'Operation', options: all, value: chosen.path, hint: `POST ${chosen.path}`, change: (path) => go({ page: 'explorer', appKey: this.app.appKey, path }) })}
      <p class="muted small">${chosen.description}</p>
      <div class="field"><label class="label" for="body">Body, JSON</label>
        <textarea class="input" id="body" name="body" spellcheck="false" autocapitalize="none" autocomplete="off" .value=${this.#body ?? ''}
          @input=${(event: Event) => (this.#body = (event.target as HTMLTextAreaElement).value)}></textarea></div>
      <div class="actions"><button class="button primary" type="submit" ?disabled=${this.#busy}>Sign and send</button>
        <button class="button" type="button" @click=${() => { this.#body = example(chosen.body); this.requestUpdate(); }}>Example again</button>
        <button class="button" type="button" @click=${() => void this.attempt(() => this.#asCurl(false))}>As curl</button>
        <button class="button" type="button" @click=${() => void this.attempt(() => this.#asCurl(true))}>As curl, with the secret</button></div>
      ${members(chosen.body)}
    </form>`;
  }

  #answer(): TemplateResult {
    const sent = this.#sent;
    return html`<section class="card" aria-labelledby="answer"><h2 id="answer">Answer</h2>
      <div role="status">${sent === undefined ? html`<p class="muted">Nothing was sent yet.</p>` : html`<p><span class=${`badge ${sent.status === 200 ? 'good' : 'bad'}`}>HTTP ${sent.status}</span>
        <span class="muted small">${number(sent.tookMs)} ms · request ${sent.headers['x-request-id'] ?? ''}</span></p>`}</div>
      ${sent === undefined ? nothing : html`<pre tabindex="0" role="region" aria-label="Body of the answer">${pretty(sent.body)}</pre>`}
      ${this.#curl === undefined ? nothing : html`<h2>For a terminal</h2><pre tabindex="0" role="region" aria-label="curl">${this.#curl}</pre><div>${copyButton(this.#curl, 'command')}</div>`}
    </section>`;
  }

  /** What was typed, or why it cannot be sent. */
  #typed(): unknown {
    try {
      return JSON.parse(this.#body ?? '') as unknown;
    } catch (error) {
      throw new Error(`The body is not JSON: ${sentence(error)}`);
    }
  }

  readonly #send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const path = this.#chosen?.path;
    if (this.#busy || path === undefined) return;
    this.#busy = true;
    this.requestUpdate();
    await this.attempt(async () => {
      this.#sent = await call('explorer/send', { appKey: this.app.appKey, path, body: this.#typed(), server: location.origin });
      this.#curl = this.#sent.curl;
    });
    this.#busy = false;
    this.requestUpdate();
  };

  async #asCurl(withSecret: boolean): Promise<void> {
    const path = this.#chosen?.path ?? '';
    this.#curl = (await call('explorer/curl', { appKey: this.app.appKey, path, body: this.#typed(), withSecret, server: location.origin })).curl;
  }
}
customElements.define('console-explorer', ExplorerPage);

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function members(body: Schema): TemplateResult | typeof nothing {
  const rows = Object.entries(body.properties ?? {});
  if (rows.length === 0) return nothing;
  return html`<details><summary>What the body may have</summary>${table(
    'Members of the body',
    [
      { title: 'Member', cell: ([name]) => html`<code class="mono">${name}</code>` },
      { title: 'Kind', cell: ([name, schema]) => `${kindOf(schema)}${body.required?.includes(name) ? ', needed' : ''}` },
      { title: 'What it is', cell: ([, schema]) => schema.description ?? '–' },
    ],
    rows,
    ([name]) => name,
    '',
  )}</details>`;
}

const typeOf = ({ type }: Schema): string => (Array.isArray(type) ? (type.find((kind) => kind !== 'null') ?? '') : (type ?? ''));
const kindOf = (schema: Schema): string => (typeOf(schema) === 'array' ? `list of ${typeOf(schema.items ?? {}) || 'values'}` : schema.enum ? schema.enum.map((value) => JSON.stringify(value)).join(', ') : typeOf(schema) || 'any');

/** Ids by which `nuncio dev` knows people, so that examples work there as they are. */
const KNOWN: Record<string, unknown> = { userId: 'alice', userIds: ['alice'], fromUserId: 'alice', targetId: 'bob', targetIds: ['bob'], name: 'Alice', pageSize: 20, page: 1 };

/** A body as the schema wants it: what is needed, or else everything. */
function example(body: Schema | undefined): string {
  const all = Object.entries(body?.properties ?? {});
  const needed = all.filter(([name]) => body?.required?.includes(name));
  const shown = needed.length > 0 ? needed : all;
  return JSON.stringify(Object.fromEntries(shown.map(([name, schema]) => [name, valueOf(name, schema)])), null, 2);
}

function valueOf(name: string, schema: Schema): unknown {
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum?.length) return schema.enum[0];
  const other = (schema.anyOf ?? schema.oneOf)?.find((choice) => typeOf(choice) !== 'null');
  if (other !== undefined) return valueOf(name, other);
  const kind = typeOf(schema);
  const known = KNOWN[name];
  if (known !== undefined && (Array.isArray(known) ? kind === 'array' : typeof known === (kind === 'integer' ? 'number' : kind))) return known;
  switch (kind) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([member]) => schema.required?.includes(member)).map(([member, of]) => [member, valueOf(member, of)]));
    case 'array':
      return [valueOf(name.replace(/s$/, ''), schema.items ?? {})];
    case 'integer':
    case 'number':
      return schema.minimum ?? (/at$|time/i.test(name) ? Date.now() : 1);
    case 'boolean':
      return true;
    default:
      return '';
  }
}

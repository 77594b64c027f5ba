import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { App, Export } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { dialog } from '../parts/dialog.js';
import { save } from '../parts/save.js';
import { table, tableStyles } from '../parts/table.js';
import { counted, size, time } from '../words.js';

const STATES: Record<Export['state'], string> = { running: 'Running', done: 'Done', failed: 'Failed' };
const LOOK_MS = 1000;

/** All that is held about a user, as a file. */
class UserExport extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles];
  static override properties = { app: {}, userId: {} };

  declare app: App;
  declare userId: string;
  #exports: Export[] | undefined;
  #failure: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override firstUpdated(): void {
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  async #load(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.#exports = (await call('exports/list', { appKey: this.app.appKey, userId: this.userId })).exports;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
    const busy = this.#exports?.some(({ state }) => state === 'running');
    if (busy && this.isConnected) this.#timer = setTimeout(() => void this.#load(), LOOK_MS);
  }

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="export"><h2 id="export">Data export</h2>
      <p class="lead">Everything that is held about the user, messages and all, as a ZIP file with JSON in it. It is kept for a day. Who asks for it and who takes it away is written down.</p>
      <div class="actions"><button class="button" type="button" @click=${() => void this.#create()}>Export data</button></div>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${this.#exports === undefined || this.#exports.length === 0 ? nothing : table<Export>(
        'Data exports',
        [
          { title: 'When', cell: ({ createdAt }) => time(createdAt) },
          { title: 'State', cell: (one) => html`<span role="status"><span class=${`badge ${one.state === 'failed' ? 'bad' : one.state === 'done' ? 'good' : 'plain'}`}>${STATES[one.state]}</span> ${this.#told(one)}</span>` },
          { title: 'By', cell: ({ operator }) => operator },
          { title: 'Kept until', cell: ({ expiresAt }) => time(expiresAt) },
          { title: '', cell: (one) => html`<div class="actions">
            ${one.state === 'done' ? html`<button class="button small" type="button" @click=${() => void this.attempt(async () => save(await call('exports/download', { appKey: this.app.appKey, id: one.id }), `user-export-${one.id}.zip`))}>Download</button>` : nothing}
            <button class="button small danger-quiet" type="button" aria-label="Delete export" @click=${() => void this.#remove(one)}>Delete</button></div>` },
        ],
        this.#exports,
        ({ id }) => id,
        '',
      )}</section>`;
  }

  #told({ state, rows, bytes, section, problem }: Export): string {
    if (state === 'failed') return problem ?? '';
    const far = `${counted(rows, 'row')}, ${size(bytes)}`;
    return state === 'running' && section !== '' ? `${far}: ${section}` : far;
  }

  async #create(): Promise<void> {
    if (await this.attempt(() => call('exports/create', { appKey: this.app.appKey, userId: this.userId }))) await this.#load();
  }

  async #remove(one: Export): Promise<void> {
    const done = await dialog({
      title: 'Delete this export?',
      body: () => html`<p>The file goes. The user's data stays as it is.</p>`,
      action: 'Delete export',
      danger: true,
      run: () => call('exports/remove', { appKey: this.app.appKey, id: one.id }),
    });
    if (done) await this.#load();
  }
}
customElements.define('console-user-export', UserExport);

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Import, ImportRow, RowOutcome } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { dialog } from '../parts/dialog.js';
import { choiceField } from '../parts/fields.js';
import { Listing } from '../parts/listing.js';
import { save } from '../parts/save.js';
import { table, tableStyles } from '../parts/table.js';
import { counted, number, time } from '../words.js';

const STATES: Record<Import['state'], string> = { uploading: 'Uploading', checking: 'Looked through', checked: 'Ready', running: 'Running', done: 'Done', cancelled: 'Cancelled', failed: 'Failed' };
const OUTCOMES: Record<RowOutcome, string> = { new: 'New', existing: 'Exists', faulty: 'Faulty', registered: 'Registered', updated: 'Updated' };
/** Bytes of a piece, below what the server takes. */
const PIECE = 192 * 1024;
const LOOK_MS = 1000;

/** Users out of a file: uploaded, looked through, imported. */
class ImportsPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    tableStyles,
    css`progress { width: 100%; height: 10px; accent-color: var(--nuncio-accent); } .chosen { font-weight: 600; }`,
  ];
  static override properties = { app: {} };

  declare app: App;
  #imports: Import[] | undefined;
  #chosen: Import | undefined;
  #outcome: RowOutcome | '' = '';
  #failure: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #uploading = false;
  readonly #rows = new Listing<ImportRow>(this, (pageToken) =>
    call('imports/rows', { appKey: this.app.appKey, id: this.#chosen?.id ?? '', ...(this.#outcome === '' ? {} : { outcome: this.#outcome }), ...(pageToken === undefined ? {} : { pageToken }) }),
  );

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
      this.#imports = (await call('imports/list', { appKey: this.app.appKey })).imports;
      this.#failure = undefined;
      const before = this.#chosen;
      this.#chosen = this.#imports.find(({ id }) => id === before?.id) ?? this.#imports[0];
      const after = this.#chosen;
      if (after !== undefined && (after.id !== before?.id || after.state !== before.state)) {
        this.#outcome = '';
        void this.#rows.restart();
      }
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
    const busy = this.#imports?.some(({ state }) => state === 'checking' || state === 'running');
    if (busy && this.isConnected) this.#timer = setTimeout(() => void this.#load(), LOOK_MS);
  }

  protected override render(): TemplateResult {
    return html`<div class="page"><div class="head"><h1>Import users</h1></div>
      <p class="lead">A file of users of “${this.app.name}”: CSV under a header of <code class="mono">userId,name,avatarUrl</code>, or an object with these members on each line. At most 200,000 rows. It is looked through first; nothing changes before you say so.</p>
      <section class="card" aria-labelledby="file"><h2 id="file">File</h2>
        <div class="field"><label class="label" for="choose">CSV (.csv) or JSON lines (.jsonl), UTF-8</label>
          <input class="input" type="file" id="choose" accept=".csv,.jsonl,.ndjson,text/csv" ?disabled=${this.#uploading} @change=${this.#choose}></div>
        ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}</section>
      ${this.#chosen === undefined ? nothing : this.#one(this.#chosen)}
      <section class="card" aria-labelledby="all"><h2 id="all">Imports</h2>${this.#imports === undefined ? html`<p class="muted" role="status">Loading…</p>` : table<Import>(
        'Imports',
        [
          { title: 'File', cell: (one) => html`<button class="button small" type="button" aria-pressed=${one.id === this.#chosen?.id} @click=${() => this.#look(one)}>${one.fileName}</button>` },
          { title: 'State', cell: ({ state }) => STATES[state] },
          { title: 'Rows', cell: ({ rows }) => number(rows) },
          { title: 'By', cell: ({ operator }) => operator },
          { title: 'When', cell: ({ createdAt }) => time(createdAt) },
        ],
        this.#imports,
        ({ id }) => id,
        'There was no import yet. What is here is kept for 7 days.',
      )}</section></div>`;
  }

  #one(one: Import): TemplateResult {
    const { counts, state } = one;
    const told = state === 'done' || state === 'running'
      ? `${number(counts.registered)} registered, ${number(counts.updated)} updated, ${number(counts.faulty)} faulty`
      : `${number(counts.new)} new, ${number(counts.existing)} registered already, ${number(counts.faulty)} faulty`;
    const { items } = this.#rows;
    return html`<section class="card" aria-labelledby="one"><h2 id="one">${one.fileName}: ${STATES[state]}</h2>
      <p role="status">${state === 'uploading' ? `${number(one.received)} bytes have come in.` : `${counted(one.done, 'row')}: ${told}.`}</p>
      ${state === 'running' ? html`<progress max=${Math.max(1, one.rows)} .value=${one.done} aria-label="Rows that are done"></progress>` : nothing}
      ${one.problem === null ? nothing : html`<p class="note danger">${one.problem}</p>`}
      <div class="actions">
        ${state === 'checked' ? html`<button class="button primary" type="button" @click=${() => this.#run(one)}>Import ${counted(counts.new + counts.existing, 'row')}</button>` : nothing}
        ${state === 'done' || state === 'cancelled' || state === 'failed' ? nothing : html`<button class="button" type="button" @click=${() => void this.attempt(async () => { await call('imports/cancel', { appKey: this.app.appKey, id: one.id }); await this.#load(); })}>Cancel</button>`}
        ${state === 'uploading' ? html`<span class="muted small">To go on, choose the same file again.</span>` : html`<button class="button" type="button" @click=${() => void this.attempt(async () => save(await call('imports/results', { appKey: this.app.appKey, id: one.id }), `import-${one.id}.jsonl`))}>Save what became of each row</button>`}
      </div>
      ${state === 'uploading' ? nothing : html`${choiceField({ name: 'outcome', label: 'Rows', value: this.#outcome, options: [['', 'All'], ...Object.entries(OUTCOMES)], change: (value) => { this.#outcome = value as RowOutcome | ''; void this.#rows.restart(); } })}
      ${items === undefined ? nothing : table<ImportRow>('Rows', [
        { title: 'Row', cell: ({ row }) => number(row) },
        { title: 'User id', cell: ({ userId }) => html`<code class="mono">${userId}</code>` },
        { title: 'Outcome', cell: ({ outcome }) => html`<span class=${`badge ${outcome === 'faulty' ? 'bad' : 'plain'}`}>${OUTCOMES[outcome]}</span>` },
        { title: 'What is wrong', cell: ({ fault }) => fault ?? '–' },
      ], items, ({ row }) => row, 'No rows.')}${this.#rows.foot()}`}
    </section>`;
  }

  #look(one: Import): void {
    this.#chosen = one;
    this.#outcome = '';
    void this.#rows.restart();
  }

  readonly #choose = async (event: Event): Promise<void> => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file === undefined) return;
    this.#uploading = true;
    this.#failure = undefined;
    this.requestUpdate();
    try {
      await this.#upload(file);
    } catch (error) {
      this.#failure = sentence(error);
    }
    input.value = '';
    this.#uploading = false;
    await this.#load();
  };

  async #upload(file: File): Promise<void> {
    const { appKey } = this.app;
    const format = /\.(jsonl|ndjson)$/i.test(file.name) ? 'jsonl' : 'csv';
    // One of this name that did not come in whole goes on where it was.
    const begun = this.#imports?.find(({ state, fileName, received }) => state === 'uploading' && fileName === file.name && received < file.size);
    let one = begun ?? (await call('imports/create', { appKey, fileName: file.name, format }));
    this.#chosen = one;
    let offset = one.received;
    do {
      let bytes = new Uint8Array(await file.slice(offset, offset + PIECE).arrayBuffer());
      const last = offset + bytes.length >= file.size;
      // A piece ends where a character does.
      if (!last) bytes = bytes.slice(0, whole(bytes));
      let text: string;
      try {
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        await call('imports/cancel', { appKey, id: one.id });
        throw new Error('The file is not UTF-8: save it as UTF-8 and choose it again.');
      }
      one = await call('imports/upload', { appKey, id: one.id, offset, text, last });
      this.#chosen = one;
      this.requestUpdate();
      offset = one.received;
    } while (one.state === 'uploading');
  }

  readonly #run = async (one: Import): Promise<void> => {
    const done = await dialog({
      title: `Import ${one.fileName}?`,
      body: () => html`<p>${counted(one.counts.new, 'user')} will be registered, and ${number(one.counts.existing)} who are registered get the name and the avatar of the file. ${counted(one.counts.faulty, 'faulty row')} will be left out.</p>`,
      action: 'Import',
      run: () => call('imports/run', { appKey: this.app.appKey, id: one.id }),
    });
    if (done) await this.#load();
  };
}
customElements.define('console-imports', ImportsPage);

/** How many of the bytes are whole characters of UTF-8. */
function whole(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  // What stands before those is the character's first byte; in ASCII it is a whole one.
  return end > 0 && (bytes[end - 1] ?? 0) >= 0xc0 ? end - 1 : bytes.length;
}

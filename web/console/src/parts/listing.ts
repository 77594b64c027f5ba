import type { ReactiveControllerHost, TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Page } from '../api.js';
import { sentence } from '../client.js';

/** A list that comes in pages. An answer to an older question is dropped. */
export class Listing<T> {
  items: T[] | undefined;
  error: string | undefined;
  #token: string | undefined;
  #asked = 0;
  #busy = false;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly fetch: (pageToken: string | undefined) => Promise<Page<T>>,
  ) {}

  /** Begins anew. */
  restart(): Promise<void> {
    this.#token = undefined;
    return this.#load(true);
  }

  async #load(anew: boolean): Promise<void> {
    const asked = ++this.#asked;
    this.#busy = true;
    this.error = undefined;
    this.host.requestUpdate();
    try {
      const { items, pageToken } = await this.fetch(this.#token);
      if (asked !== this.#asked) return;
      this.items = anew ? items : [...(this.items ?? []), ...items];
      this.#token = pageToken;
    } catch (error) {
      if (asked !== this.#asked) return;
      if (anew) this.items = undefined;
      this.error = sentence(error);
    }
    this.#busy = false;
    this.host.requestUpdate();
  }

  /** What stands below the list: a way to more, or why there is none. */
  foot(): TemplateResult {
    const more = this.#token === undefined || this.items === undefined ? nothing : html`<div class="actions">
      <button class="button" type="button" ?disabled=${this.#busy} @click=${() => void this.#load(false)}>Show more</button></div>`;
    const failed = this.error === undefined ? nothing : html`<p class="note danger" role="alert">${this.error}</p>`;
    const loading = this.items === undefined && this.#busy ? html`<p class="muted" role="status">Loading…</p>` : nothing;
    return html`${failed}${loading}${more}`;
  }
}

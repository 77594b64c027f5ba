import type { TemplateResult } from 'lit';
import { css, html } from 'lit';
import { NuncioElement } from '../element.js';
import { TAGS, TAG_NAME, tags } from '../tags.js';
import { text } from '../texts.js';

/** The user's tags: make one, give it another name, delete it. */
export class NuncioTags extends NuncioElement {
  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: block; overflow-y: auto; background: var(--nuncio-surface); }
      .page { display: grid; gap: 16px; padding: 24px 20px; }
      h2 { padding-inline-end: 40px; font-size: var(--nuncio-text-size-title); font-weight: 650; }
      .sub { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
      ul { display: grid; gap: 10px; }
      form { display: flex; flex-wrap: wrap; align-items: end; gap: 8px; }
      form .field, form > .input { flex: 1 1 6rem; min-width: 0; }
    `,
  ];

  constructor() {
    super();
    this.follows('tags');
  }

  protected override render(): TemplateResult {
    const all = tags.all ?? [];
    return html`<div class="page">
      <h2>${text('tags')}</h2>
      <p class="sub">${text('tags.hint')}</p>
      <div role="status">${this.error ? html`<div class="note danger">${this.error}</div>` : ''}</div>
      <ul>${all.map(({ tagId, tagName }) => html`<li><form @submit=${this.#submitted((name) => tags.rename(tagId, name))}>
        <input class="input" name="name" required maxlength=${TAG_NAME} autocomplete="off" dir="auto" aria-label=${text('tags.name.of', tagName)} .value=${tagName} />
        <button class="button" type="submit" aria-label=${`${text('save')}: ${tagName}`}>${text('save')}</button>
        <button class="button danger-quiet" type="button" aria-label=${`${text('tags.remove')}: ${tagName}`} @click=${() => this.#remove(tagId, tagName)}>${text('tags.remove')}</button>
      </form></li>`)}</ul>
      ${all.length < TAGS
        ? html`<form @submit=${this.#submitted((name) => tags.make(name))}><label class="field"><span class="label">${text('tags.add')}</span>
            <input class="input" name="name" required maxlength=${TAG_NAME} autocomplete="off" dir="auto" /></label>
            <button class="button primary" type="submit">${text('tags.add.button')}</button></form>`
        : html`<p class="sub">${text('tags.full', TAGS)}</p>`}
    </div>`;
  }

  #submitted(save: (name: string) => Promise<void>) {
    return (event: SubmitEvent): void => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      const name = String(new FormData(form).get('name') ?? '').trim();
      if (name === '') return;
      void this.attempt(() => save(name)).then((saved) => {
        // The form of a new one is there for the next; the others draw what is known.
        if (saved) form.reset();
      });
    };
  }

  #remove(tagId: string, tagName: string): void {
    if (this.ownerDocument.defaultView?.confirm(text('tags.remove.sure', tagName)) === true) void this.attempt(() => tags.remove(tagId));
  }
}

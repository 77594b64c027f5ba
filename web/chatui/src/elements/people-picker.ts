import type { PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { NuncioElement } from '../element.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';
import { listStyles } from './list-styles.js';

/** Users that can be chosen at once: as many as one invitation may name. */
export const MOST_CHOSEN = 30;
/** Friends that are listed at most; the others are found by searching. */
const LISTED = 200;

/** Picks friends, and users by their ids; a part of the forms for groups. Fires `change`. */
export class NuncioPeoplePicker extends NuncioElement {
  static override properties: PropertyDeclarations = { chosen: { attribute: false }, search: { state: true } };

  /** The ids of those chosen. */
  declare chosen: readonly string[];
  /** What is searched for among the friends. */
  protected declare search: string;

  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    css`
      :host { display: grid; gap: 8px; background: none; }
      .add { display: flex; gap: 8px; }
      .add .input { flex: 1; min-width: 0; }
      .scroll { max-height: 240px; padding: 0 4px; border: 1px solid var(--nuncio-border); border-radius: var(--nuncio-radius); }
      label.row { min-height: 48px; cursor: pointer; }
      label.row:hover { background: var(--nuncio-sunken); }
      label.row input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--nuncio-accent); }
      .avatar { --avatar-size: 32px; }
      .count { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
    `,
  ];

  constructor() {
    super();
    this.chosen = [];
    this.search = '';
    this.follows('friends');
  }

  protected override render(): TemplateResult {
    const friends = session.friends ?? [];
    const others = this.chosen.filter((userId) => !friends.includes(userId));
    const needle = this.search.toLocaleLowerCase();
    const shown = [...others, ...friends]
      .map((userId) => ({ userId, name: userInfo.displayName(userId) }))
      .filter(({ userId, name }) => name.toLocaleLowerCase().includes(needle) || userId.toLowerCase().includes(needle))
      .sort((a, b) => a.name.localeCompare(b.name))
      .slice(0, LISTED);
    return html`
      ${friends.length > 7
        ? html`<input class="input" type="search" placeholder=${text('friends.search')} aria-label=${text('friends.search')} .value=${this.search}
            @input=${(event: Event) => (this.search = (event.target as HTMLInputElement).value.trim())} />`
        : nothing}
      ${shown.length === 0
        ? nothing
        : html`<div class="scroll"><ul aria-label=${text('friends')}>${repeat(shown, ({ userId }) => userId, ({ userId, name }) => html`<li>
            <label class="row"><input type="checkbox" .checked=${this.chosen.includes(userId)} @change=${(event: Event) => this.#toggle(userId, event)} />
              ${avatar(userId)}<span class="main"><span class="name" dir="auto">${name}</span>${name === userId ? nothing : html`<span class="sub">${userId}</span>`}</span></label></li>`)}</ul></div>`}
      <div class="add">
        <input class="input" name="user" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64"
          placeholder=${text('people.add')} aria-label=${text('people.add')} @keydown=${this.#key} />
        <button class="button" type="button" @click=${this.#add}>${text('friends.add.button')}</button>
      </div>
      <div class="count" role="status">${text('people.chosen', this.chosen.length, MOST_CHOSEN)}</div>
    `;
  }

  #toggle(userId: string, event: Event): void {
    const box = event.target as HTMLInputElement;
    const chosen = box.checked ? [...this.chosen, userId] : this.chosen.filter((one) => one !== userId);
    if (chosen.length > MOST_CHOSEN) box.checked = false;
    else this.#choose(chosen);
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    this.#add();
  };

  readonly #add = (): void => {
    const field = this.renderRoot.querySelector<HTMLInputElement>('[name=user]');
    const userId = field?.value.trim() ?? '';
    if (field === null || userId === '' || userId === session.userId) return;
    field.value = '';
    if (!this.chosen.includes(userId) && this.chosen.length < MOST_CHOSEN) this.#choose([...this.chosen, userId]);
  };

  #choose(chosen: readonly string[]): void {
    this.chosen = chosen;
    this.dispatchEvent(new Event('change'));
  }
}

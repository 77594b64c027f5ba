import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { NuncioElement } from '../element.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';
import { listStyles } from './list-styles.js';

/**
 * The user's friends by name, a search among them, and a form to add one.
 *
 * @fires open-user - `detail` is the id of the friend that was chosen
 */
export class NuncioFriendList extends NuncioElement {
  #search = '';
  #done: string | undefined;

  static override styles = [NuncioElement.styles, listStyles, avatarStyles];

  constructor() {
    super();
    this.follows('friends', 'presence');
  }

  protected override render(): TemplateResult {
    const needle = this.#search.toLocaleLowerCase();
    const friends = (session.friends ?? [])
      .map((userId) => ({ userId, name: userInfo.displayName(userId) }))
      .filter(({ userId, name }) => name.toLocaleLowerCase().includes(needle) || userId.toLowerCase().includes(needle))
      .sort((a, b) => a.name.localeCompare(b.name));
    return html`
      <div class="head"><h2>${text('friends')}</h2></div>
      <form class="column" @submit=${this.#add}>
        <input class="input" name="user" required autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64"
          placeholder=${text('friends.add')} aria-label=${text('friends.add')} />
        <input class="input" name="note" maxlength="128" placeholder=${text('friends.add.note')} aria-label=${text('friends.add.note')} />
        <button class="button" type="submit">${text('friends.add.button')}</button>
      </form>
      <div class="message" role="status">
        ${this.error ? html`<div class="note danger">${this.error}</div>` : this.#done ? html`<div class="note success">${this.#done}</div>` : nothing}
      </div>
      ${(session.friends?.length ?? 0) > 7
        ? html`<form @submit=${(event: Event) => event.preventDefault()}><input class="input" type="search" placeholder=${text('friends.search')} aria-label=${text('friends.search')} @input=${this.#find} /></form>`
        : nothing}
      <div class="scroll">
        ${session.friends?.length === 0
          ? html`<div class="empty"><strong>${text('friends.empty')}</strong></div>`
          : html`<ul>${repeat(friends, ({ userId }) => userId, ({ userId, name }) => html`<li>
              <button class="row focusable" type="button" @click=${() => this.emit('open-user', userId)}>
                ${avatar(userId, true)}
                <span class="main"><span class="name">${name}</span>${name === userId ? nothing : html`<span class="sub">${userId}</span>`}</span>
              </button></li>`)}</ul>`}
      </div>
    `;
  }

  readonly #find = (event: Event): void => {
    this.#search = (event.target as HTMLInputElement).value.trim();
    this.requestUpdate();
  };

  readonly #add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const fields = new FormData(form);
    const user = String(fields.get('user') ?? '').trim();
    if (user === '') return;
    this.#done = undefined;
    void this.attempt(async () => {
      const friends = await session.addFriend(user, String(fields.get('note') ?? '').trim());
      this.#done = text(friends ? 'friends.added' : 'friends.asked', userInfo.displayName(user));
      form.reset();
    });
  };
}

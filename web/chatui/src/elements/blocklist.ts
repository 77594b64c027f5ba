import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { NuncioElement } from '../element.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';
import { listStyles } from './list-styles.js';

/** The users that the user has blocked, and a form to block one more. */
export class NuncioBlocklist extends NuncioElement {
  static override styles = [NuncioElement.styles, listStyles, avatarStyles];

  constructor() {
    super();
    this.follows('blocklist');
  }

  protected override render(): TemplateResult {
    const users = session.blocklist ?? [];
    return html`
      <div class="head"><h2>${text('blocklist')}</h2></div>
      <form @submit=${this.#add}>
        <input class="input" name="user" required autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64"
          placeholder=${text('blocklist.add')} aria-label=${text('blocklist.add')} />
        <button class="button" type="submit">${text('block')}</button>
      </form>
      <div class="message" role="status">${this.error
        ? html`<div class="note danger">${this.error}</div>`
        : html`<div class="note">${text('blocklist.hint')}</div>`}</div>
      <div class="scroll">
        ${session.blocklist?.length === 0
          ? html`<div class="empty"><strong>${text('blocklist.empty')}</strong></div>`
          : html`<ul>${repeat(users, (userId) => userId, (userId) => html`<li>${this.#row(userId)}</li>`)}</ul>`}
      </div>
    `;
  }

  #row(userId: string): TemplateResult {
    const name = userInfo.displayName(userId);
    return html`<div class="row">
      ${avatar(userId)}
      <span class="main"><span class="name">${name}</span>${name === userId ? nothing : html`<span class="sub">${userId}</span>`}</span>
      <button class="button small" type="button" aria-label=${`${text('unblock')}: ${name}`}
        @click=${() => void this.attempt(() => session.block(userId, false))}>${text('unblock')}</button>
    </div>`;
  }

  readonly #add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const user = String(new FormData(form).get('user') ?? '').trim();
    if (user === '') return;
    void this.attempt(async () => {
      await session.block(user, true);
      form.reset();
    });
  };
}

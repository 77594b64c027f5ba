import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { secretOf, textField, textOf } from '../parts/fields.js';
import { address, go } from '../router.js';
import { state } from '../state.js';
import { time } from '../words.js';

/** Where a one-time link leads: choose a password, and the first owner a name. */
class LinkPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, css`:host { width: min(440px, 100%); }`];
  static override properties = { token: {} };

  declare token: string;
  #link: { operator: string; firstOwner: boolean; expiresAt: number } | undefined;
  #error: string | undefined;
  #busy = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  async #look(): Promise<void> {
    try {
      this.#link = await call('session/link', { token: this.token });
    } catch (error) {
      this.#error = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const link = this.#link;
    const failed = this.#error === undefined ? nothing : html`<p class="note danger" role="alert">${this.#error}</p>`;
    if (link === undefined) {
      return html`<div class="card"><h1>One-time link</h1>${this.#error === undefined ? html`<p class="muted" role="status">Loading…</p>` : failed}
        <p><a href=${address({ page: 'apps' })}>To the sign-in</a></p></div>`;
    }
    return html`<form class="card" @submit=${this.#submit}>
      <h1>${link.firstOwner ? 'Welcome to your console' : `Welcome, ${link.operator}`}</h1>
      <p class="muted">${link.firstOwner
        ? 'You are the first here and become the owner of all apps. Choose the name and the password that you sign in with from now on.'
        : 'Choose the password that you sign in with from now on.'} This link is good once, until ${time(link.expiresAt)}.</p>
      ${link.firstOwner
        ? textField({ name: 'name', label: 'Name', value: link.operator, required: true, autocomplete: 'username', maxlength: 64, hint: 'Letters, digits and . _ @ + -, such as an e-mail address.' })
        : html`<input type="text" name="username" autocomplete="username" .value=${link.operator} hidden>`}
      ${textField({ name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'new-password', minlength: 12, maxlength: 256, hint: '12 to 256 characters. A sentence is good.' })}
      ${textField({ name: 'again', label: 'Password, once more', type: 'password', required: true, autocomplete: 'new-password', maxlength: 256 })}
      ${failed}
      <button class="button primary" type="submit" ?disabled=${this.#busy}>Set password and sign in</button>
    </form>`;
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.#busy) return;
    const form = new FormData(event.target as HTMLFormElement);
    const password = secretOf(form, 'password');
    this.#error = password === secretOf(form, 'again') ? undefined : 'The two passwords are not the same.';
    this.requestUpdate();
    if (this.#error !== undefined) return;
    this.#busy = true;
    try {
      const name = this.#link?.firstOwner ? { name: textOf(form, 'name') } : {};
      await state.enter(await call('session/redeem', { token: this.token, ...name, password }));
      go({ page: 'apps' }, true);
    } catch (error) {
      this.#error = sentence(error);
    } finally {
      this.#busy = false;
      this.requestUpdate();
    }
  };
}
customElements.define('console-link', LinkPage);

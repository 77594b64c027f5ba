import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { CallError, call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { secretOf, textField, textOf } from '../parts/fields.js';
import { state } from '../state.js';

/** The way in. The address stays, so that a bookmark leads where it should. */
class SignIn extends ConsoleElement {
  static override styles = [ConsoleElement.styles, css`:host { width: min(400px, 100%); }`];

  #error: string | undefined;
  #busy = false;
  /** The password was right, and a code is asked for. */
  #coded = false;

  protected override render(): TemplateResult {
    return html`<form class="card" @submit=${this.#submit}>
      <h1>Sign in</h1>
      ${textField({ name: 'name', label: 'Name', required: true, autocomplete: 'username', focus: true, maxlength: 64 })}
      ${textField({ name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password', maxlength: 256 })}
      ${this.#coded
        ? textField({ name: 'code', label: 'Code', required: true, autocomplete: 'one-time-code', hint: 'Six digits from your authenticator app, or a recovery code.' })
        : nothing}
      ${this.#error === undefined ? nothing : html`<p class="note danger" role="alert">${this.#error}</p>`}
      <button class="button primary" type="submit" ?disabled=${this.#busy}>Sign in</button>
      <p class="muted small">Forgot the password? An owner makes you a new link on the page “Operators”, or on the server:
        <code class="mono">nuncio console reset-link NAME</code></p>
    </form>`;
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.#busy) return;
    this.#busy = true;
    this.#error = undefined;
    const form = new FormData(event.target as HTMLFormElement);
    this.requestUpdate();
    const code = textOf(form, 'code');
    try {
      const credentials = { name: textOf(form, 'name'), password: secretOf(form, 'password'), ...(code === '' ? {} : { code }) };
      await state.enter(await call('session/sign-in', credentials));
    } catch (error) {
      const needsCode = error instanceof CallError && error.is('SECOND_FACTOR_NEEDED');
      if (needsCode && !this.#coded) {
        this.#coded = true;
        void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLInputElement>('[name=code]')?.focus());
      } else {
        this.#error = sentence(error);
      }
    } finally {
      this.#busy = false;
      this.requestUpdate();
    }
  };
}
customElements.define('console-sign-in', SignIn);

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { CallError, Cancelled, call, hooks, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { state } from '../state.js';
import { secretOf, textField, textOf } from './fields.js';

export interface DialogOptions {
  title: string;
  /** What it says and asks for; drawn anew after each change in it. */
  body: () => unknown;
  /** The button that does it. */
  action: string;
  danger?: boolean;
  /** Without a way back: for what has happened already. */
  told?: boolean;
  /** Does it. What it fails with is shown in the dialog, which stays. */
  run?: (form: FormData) => Promise<unknown>;
}

/** A dialog that asks for something, or wants a yes. */
class ConsoleDialog extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    css`
      dialog {
        width: min(520px, calc(100vw - 24px));
        max-height: calc(100dvh - 24px);
        padding: 22px;
        border: 1px solid var(--nuncio-border);
        border-radius: var(--nuncio-radius-large);
        background: var(--nuncio-surface);
        color: var(--nuncio-text);
        box-shadow: var(--nuncio-shadow);
      }
      dialog::backdrop { background: rgb(8 10 16 / 0.55); }
      form { display: grid; gap: 14px; }
      form > * { min-width: 0; }
      p, li { overflow-wrap: anywhere; }
      fieldset { display: grid; gap: 8px; margin: 0; padding: 0; border: 0; }
      legend { padding: 0; margin-block-end: 8px; }
      .actions { justify-content: end; }
    `,
  ];

  #error: string | undefined;
  #busy = false;
  #done = false;

  constructor(
    private readonly options: DialogOptions,
    private readonly answer: (done: boolean) => void,
  ) {
    super();
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector('dialog')?.showModal();
  }

  protected override updated(): void {
    if (state.session === null) this.#close();
  }

  protected override render(): TemplateResult {
    const { title, body, action, danger = false, told = false } = this.options;
    return html`<dialog aria-labelledby="title" @close=${this.#closed} @cancel=${(event: Event) => this.#busy && event.preventDefault()}>
      <form @submit=${this.#submit} @change=${() => this.requestUpdate()}>
        <h2 id="title">${title}</h2>
        ${body()}
        ${this.#error === undefined ? nothing : html`<p class="note danger" role="alert">${this.#error}</p>`}
        <div class="actions">
          ${told ? nothing : html`<button class="button" type="button" ?disabled=${this.#busy} @click=${this.#close}>Cancel</button>`}
          <button class=${`button ${danger ? 'danger' : 'primary'}`} type="submit" ?disabled=${this.#busy}>${action}</button>
        </div>
      </form></dialog>`;
  }

  readonly #close = (): void => this.renderRoot.querySelector('dialog')?.close();

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.#busy) return;
    this.#busy = true;
    this.#error = undefined;
    const form = new FormData(event.target as HTMLFormElement);
    this.requestUpdate();
    try {
      await this.options.run?.(form);
      this.#done = true;
      this.#close();
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#error = sentence(error);
    } finally {
      this.#busy = false;
      this.requestUpdate();
    }
  };

  readonly #closed = (): void => {
    this.remove();
    this.answer(this.#done);
  };
}
customElements.define('console-dialog', ConsoleDialog);

/** Shows a dialog; whether its action was done. */
export function dialog(options: DialogOptions): Promise<boolean> {
  return new Promise((answer) => document.body.append(new ConsoleDialog(options, answer)));
}

let confirming: Promise<boolean> | undefined;

// Calls that come together are confirmed together.
hooks.confirm = () => (confirming ??= confirm().finally(() => (confirming = undefined)));

function confirm(): Promise<boolean> {
  let coded = false;
  return dialog({
    title: 'Your password, please',
    body: () => html`<p class="muted">This is delicate, so the console asks for your password again. For 10 minutes from then on it does not.</p>
      ${textField({ name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password', focus: true })}
      ${state.session?.secondFactor || coded
        ? textField({ name: 'code', label: 'Code', hint: 'Six digits from your authenticator app, or a recovery code.', required: true, autocomplete: 'one-time-code' })
        : nothing}`,
    action: 'Confirm',
    run: async (form) => {
      const code = textOf(form, 'code');
      try {
        state.renew(await call('session/confirm', { password: secretOf(form, 'password'), ...(code === '' ? {} : { code }) }));
      } catch (error) {
        coded ||= error instanceof CallError && error.is('SECOND_FACTOR_NEEDED');
        throw error;
      }
    },
  });
}

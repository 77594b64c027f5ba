import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { OwnSession } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { secretOf, textField, textOf } from '../parts/fields.js';
import { qrCode } from '../parts/qr-code.js';
import { table, tableStyles } from '../parts/table.js';
import { say } from '../parts/toast.js';
import { state } from '../state.js';
import { counted, time } from '../words.js';

/** Shows recovery codes that were just made. */
const tellCodes = (codes: readonly string[]): Promise<boolean> =>
  dialog({
    title: 'Your recovery codes',
    body: () => html`<p class="muted">Each stands in for a code of your authenticator app once. Keep them where you find them without your phone; they are not shown again.</p>
      ${copied(codes.join(' '), 'recovery codes')}`,
    action: 'I have kept them',
    told: true,
  });

/** The operator's own password, second factor and sessions. */
class AccountPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles, css`.card { max-width: 860px; box-sizing: border-box; }`];

  #sessions: OwnSession[] | undefined;
  #failure: string | undefined;
  #passwordError: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#sessions = (await call('account/sessions', {})).sessions;
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<div class="page"><div class="head"><h1>Account</h1></div>
      <p class="lead">You are signed in as <strong>${state.session?.operator}</strong>.</p>
      ${this.#secondFactor()}${this.#password()}${this.#open()}
      <p class="muted small">Nuncio ${state.session?.server.version}</p></div>`;
  }

  #secondFactor(): TemplateResult {
    const { secondFactor = false, recoveryCodesLeft = 0 } = state.session ?? {};
    return html`<section class="card" aria-labelledby="factor"><h2 id="factor">Second factor</h2>
      ${secondFactor
        ? html`<p><span class="badge good">On</span> Signing in takes a code from your authenticator app. ${counted(recoveryCodesLeft, 'recovery code')} left.</p>
          <div class="actions"><button class="button" type="button" @click=${this.#newCodes}>New recovery codes</button>
            <button class="button danger-quiet" type="button" @click=${this.#disable}>Switch off</button></div>`
        : html`<p class="muted">With it, signing in takes the password and a code from an authenticator app on your phone.</p>
          <div class="actions"><button class="button primary" type="button" @click=${() => void this.attempt(() => this.#enable())}>Switch on</button></div>`}</section>`;
  }

  #password(): TemplateResult {
    return html`<section class="card" aria-labelledby="password-title"><h2 id="password-title">Password</h2><form class="form" @submit=${this.#setPassword}>
      <input type="text" name="username" autocomplete="username" .value=${state.session?.operator ?? ''} hidden>
      ${textField({ name: 'current', label: 'Password now', type: 'password', required: true, autocomplete: 'current-password' })}
      ${textField({ name: 'password', label: 'New password', type: 'password', required: true, autocomplete: 'new-password', minlength: 12, maxlength: 256, hint: '12 to 256 characters.' })}
      ${textField({ name: 'again', label: 'New password, once more', type: 'password', required: true, autocomplete: 'new-password' })}
      ${this.#passwordError === undefined ? nothing : html`<p class="note danger" role="alert">${this.#passwordError}</p>`}
      <div class="actions"><button class="button" type="submit">Change password</button></div></form></section>`;
  }

  #open(): TemplateResult {
    return html`<section class="card" aria-labelledby="sessions"><h2 id="sessions">Where you are signed in</h2>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${this.#sessions === undefined ? nothing : html`${table<OwnSession>(
        'Sessions',
        [
          { title: 'Browser', cell: ({ agent }) => agent || '–' },
          { title: 'Address', cell: ({ address }) => html`<span class="mono whole">${address}</span>` },
          { title: 'Since', cell: ({ createdAt }) => time(createdAt) },
          { title: 'Used', cell: ({ usedAt }) => time(usedAt) },
          { title: '', cell: ({ id, current, agent }) => current
            ? html`<span class="badge good">This one</span>`
            : html`<button class="button small" type="button" aria-label=${`End the session of ${agent}`} @click=${() => this.#revoke({ id })}>End</button>` },
        ],
        this.#sessions,
        ({ id }) => id,
        'There is none.',
      )}${this.#sessions.length > 1 ? html`<div class="actions"><button class="button" type="button" @click=${() => this.#revoke({ others: true })}>End all others</button></div>` : nothing}`}</section>`;
  }

  async #enable(): Promise<void> {
    const { secret, qr } = await call('account/second-factor/begin', {});
    let codes: string[] = [];
    const done = await dialog({
      title: 'Switch the second factor on',
      body: () => html`<p>Scan this with your authenticator app, or type the key into it; then type the code that it shows.</p>
        ${qrCode(qr, 'The key as a QR code')}<p>${copied(secret, 'key')}</p>
        ${textField({ name: 'code', label: 'Code', required: true, autocomplete: 'one-time-code', maxlength: 10 })}`,
      action: 'Switch on',
      run: async (form) => ({ recoveryCodes: codes } = await call('account/second-factor/enable', { code: textOf(form, 'code') })),
    });
    if (!done) return;
    await tellCodes(codes);
    await this.#renew();
  }

  readonly #disable = async (): Promise<void> => {
    const done = await dialog({
      title: 'Switch the second factor off?',
      body: () => html`<p>Then your password alone lets you in. Your recovery codes are void.</p>`,
      action: 'Switch off',
      danger: true,
      run: () => call('account/second-factor/disable', {}),
    });
    if (!done) return;
    say('The second factor is off.');
    await this.#renew();
  };

  readonly #newCodes = async (): Promise<void> => {
    let codes: string[] = [];
    const done = await dialog({
      title: 'Make new recovery codes?',
      body: () => html`<p>Those that you have are void then.</p>`,
      action: 'Make new codes',
      run: async () => ({ recoveryCodes: codes } = await call('account/second-factor/recovery-codes', {})),
    });
    if (!done) return;
    await tellCodes(codes);
    await this.#renew();
  };

  async #renew(): Promise<void> {
    await this.attempt(async () => state.renew(await call('session/get', {})));
    await this.#load();
  }

  readonly #setPassword = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const password = secretOf(form, 'password');
    this.#passwordError = password === secretOf(form, 'again') ? undefined : 'The two new passwords are not the same.';
    this.requestUpdate();
    if (this.#passwordError !== undefined) return;
    try {
      state.renew(await call('account/set-password', { current: secretOf(form, 'current'), password }));
      element.reset();
      say('The password is changed.');
      await this.#load();
    } catch (error) {
      this.#passwordError = sentence(error);
    }
    this.requestUpdate();
  };

  readonly #revoke = async (which: { id?: string; others?: boolean }): Promise<void> => {
    await this.attempt(() => call('account/sessions/revoke', which), which.others ? 'All others are signed out.' : 'That session is over.');
    await this.#load();
  };
}
customElements.define('console-account', AccountPage);

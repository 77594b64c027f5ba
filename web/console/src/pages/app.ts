import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Edition, SettingChange, Span, Usage } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { choiceField, textField, textOf } from '../parts/fields.js';
import { say } from '../parts/toast.js';
import { address, go } from '../router.js';
import { settings, valueText } from '../setting-list.js';
import { may, state } from '../state.js';
import { counted, editions, limitText, number, time } from '../words.js';
import './figures.js';
import { appBadges, limitOf, tellSecret } from './apps.js';

/** One app: its keys, how full it is, its edition, and the way from development to production. */
class AppPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    css`
      .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr)); gap: 20px; align-items: start; }
      progress { width: 100%; height: 10px; border: 0; border-radius: 5px; overflow: hidden; appearance: none; background: var(--nuncio-sunken); }
      progress::-webkit-progress-bar { background: var(--nuncio-sunken); }
      progress::-webkit-progress-value { background: var(--nuncio-accent); }
      progress::-moz-progress-bar { background: var(--nuncio-accent); }
      progress.full::-webkit-progress-value { background: var(--nuncio-danger); }
      progress.full::-moz-progress-bar { background: var(--nuncio-danger); }
    `,
  ];
  static override properties = { app: {}, span: {} };

  declare app: App;
  declare span: Span;
  #usage: Usage | undefined;
  #failure: string | undefined;
  #secret: string | undefined;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('app')) void this.#load();
  }

  async #load(): Promise<void> {
    this.#failure = undefined;
    try {
      this.#usage = await call('apps/usage', { appKey: this.app.appKey });
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { app } = this;
    return html`<div class="page">
      <div class="head"><h1>${app.name}</h1>${appBadges(app)}
        ${may(app, 'owner') ? html`<div class="end"><button class="button" type="button" @click=${this.#rename}>Rename</button></div>` : nothing}</div>
      ${app.locked ? html`<p class="note danger">This app is locked: its users cannot connect and its server's calls are refused.</p>` : nothing}
      ${this.#users()}
      <console-figures .app=${app} .span=${this.span}></console-figures>
      <div class="grid">${this.#edition()}${this.#keys()}${this.#promotion()}${this.#lock()}${this.#deletion()}</div>
    </div>`;
  }

  #users(): TemplateResult {
    const usage = this.#usage;
    return html`<section class="card" aria-labelledby="users"><h2 id="users">Users</h2>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${usage === undefined ? nothing : html`${bar(usage)}
        <dl class="facts"><dt>Online now</dt><dd>${number(usage.online)}</dd><dt>Soft-deleted</dt><dd>${number(usage.softDeleted)}</dd></dl>`}
      <p><a href=${address({ page: 'users', appKey: this.app.appKey })}>To the users</a></p></section>`;
  }

  #edition(): TemplateResult {
    const { app } = this;
    return html`<section class="card" aria-labelledby="edition"><h2 id="edition">Edition</h2>
      <p>${editions[app.edition]}: ${limitText(app.userLimit)}.</p>
      ${app.environment === 'development' ? html`<p class="muted small">A development app has this limit in every edition.</p>` : nothing}
      ${may(app, 'owner') ? html`<div class="actions"><button class="button" type="button" @click=${() => void this.attempt(() => this.#changeEdition())}>Change edition</button></div>` : nothing}
    </section>`;
  }

  #keys(): TemplateResult {
    const { app } = this;
    return html`<section class="card" aria-labelledby="keys"><h2 id="keys">Keys</h2>
      <dl class="facts"><dt>App Key</dt><dd>${copied(app.appKey, 'App Key')}</dd>
        ${may(app, 'developer') ? html`<dt>App Secret</dt><dd>${this.#secret === undefined
          ? html`<button class="button small" type="button" @click=${this.#show}>Show</button>`
          : html`${copied(this.#secret, 'App Secret')} <button class="button small quiet" type="button" @click=${this.#hide}>Hide</button>`}</dd>` : nothing}
        <dt>Made</dt><dd>${time(app.createdAt)}</dd></dl>
      ${may(app, 'owner') ? html`<div class="actions"><button class="button danger-quiet" type="button" @click=${this.#rotate}>Make a new secret</button></div>` : nothing}
    </section>`;
  }

  #promotion(): TemplateResult | typeof nothing {
    const targets = state.apps.filter((other) => other.environment === 'production' && may(other, 'owner'));
    if (this.app.environment !== 'development') return nothing;
    return html`<section class="card" aria-labelledby="promote"><h2 id="promote">To production</h2>
      ${targets.length === 0
        ? html`<p class="muted">When you own a production app, its feature configuration can be made the same as this app's here.</p>`
        : html`<p class="muted">Makes the feature configuration of a production app the same as this app's. You see what would change first.</p>
          <div class="actions"><button class="button" type="button" @click=${() => this.#promote(targets)}>Promote settings</button></div>`}
    </section>`;
  }

  #lock(): TemplateResult | typeof nothing {
    const { app } = this;
    if (!may(app, 'owner')) return nothing;
    return html`<section class="card" aria-labelledby="lock"><h2 id="lock">${app.locked ? 'Unlock' : 'Lock'}</h2>
      <p class="muted">${app.locked ? 'The app works again as soon as it is unlocked.' : 'While an app is locked nothing of it works. Its data stays.'}</p>
      <div class="actions"><button class=${`button ${app.locked ? 'primary' : 'danger-quiet'}`} type="button" @click=${this.#setLocked}>${app.locked ? 'Unlock app' : 'Lock app'}</button></div></section>`;
  }

  #deletion(): TemplateResult | typeof nothing {
    if (!may(this.app, 'owner')) return nothing;
    return html`<section class="card" aria-labelledby="delete"><h2 id="delete">Delete</h2>
      <p class="muted">Deletes the app for good: its users, messages, settings and keys. There is no way back.</p>
      <div class="actions"><button class="button danger-quiet" type="button" @click=${this.#delete}>Delete app</button></div></section>`;
  }

  async #update(change: { name?: string; edition?: Edition; locked?: boolean }): Promise<void> {
    state.put(await call('apps/update', { appKey: this.app.appKey, ...change }));
  }

  readonly #rename = (): Promise<boolean> =>
    dialog({
      title: 'Rename the app',
      body: () => textField({ name: 'name', label: 'Name', value: this.app.name, required: true, maxlength: 64, focus: true }),
      action: 'Rename',
      run: (form) => this.#update({ name: textOf(form, 'name') }),
    });

  async #changeEdition(): Promise<void> {
    const { editions: limits } = await call('apps/editions', {});
    let edition = this.app.edition;
    await dialog({
      title: 'Change edition',
      body: () => html`${choiceField({ name: 'edition', label: 'Edition', value: edition, options: Object.entries(editions), change: (value) => (edition = value as Edition),
        hint: `With this choice the app may have ${limitText(limitOf(limits, this.app.environment, edition))}.` })}
        <p class="muted small">It holds at once. Users above a lower limit stay; new ones are refused.</p>`,
      action: 'Change edition',
      run: () => this.#update({ edition }),
    });
  }

  readonly #show = (): Promise<boolean> =>
    this.attempt(async () => {
      this.#secret = (await call('apps/secret', { appKey: this.app.appKey })).appSecret;
    });

  readonly #hide = (): void => {
    this.#secret = undefined;
    this.requestUpdate();
  };

  readonly #rotate = async (): Promise<void> => {
    let secret = '';
    const done = await dialog({
      title: 'Make a new App Secret?',
      body: () => html`<p class="note danger">All tokens are void and all connections close at once. Your app's server is refused until it has the new secret, and then gives each user a new token.</p>`,
      action: 'Make a new secret',
      danger: true,
      run: async () => (secret = (await call('apps/rotate-secret', { appKey: this.app.appKey })).appSecret),
    });
    if (!done) return;
    this.#hide();
    await tellSecret('The new App Secret', this.app, secret);
    await this.#load();
  };

  async #promote(targets: readonly App[]): Promise<void> {
    let toAppKey = targets[0]?.appKey ?? '';
    const { appKey } = this.app;
    let changes: SettingChange[] = [];
    const chosen = await dialog({
      title: 'Promote settings',
      body: () => choiceField({ name: 'to', label: 'To the production app', value: toAppKey, options: targets.map((app) => [app.appKey, app.name] as const), change: (value) => (toAppKey = value) }),
      action: 'See what changes',
      run: async () => ({ changes } = await call('apps/promote', { appKey, toAppKey, dryRun: true })),
    });
    if (!chosen) return;
    const name = state.app(toAppKey)?.name ?? toAppKey;
    if (changes.length === 0) {
      await dialog({ title: 'Nothing changes', body: () => html`<p>The settings of “${name}” are the same already.</p>`, action: 'Done', told: true });
      return;
    }
    await dialog({
      title: `Change “${name}”?`,
      body: () => html`<p>This holds as soon as you say yes:</p><ul>${changes.map(({ setting, before, after }) =>
        html`<li><strong>${settings[setting].label}</strong>: ${valueText(setting, before)} → ${valueText(setting, after)}</li>`)}</ul>`,
      action: `Change ${counted(changes.length, 'setting')}`,
      run: () => call('apps/promote', { appKey, toAppKey }),
    });
  }

  readonly #delete = async (): Promise<void> => {
    const { app } = this;
    const done = await dialog({
      title: `Delete “${app.name}”?`,
      body: () => html`<p class="note danger">All connections close, and calls of its server are refused from now on. ${counted(this.#usage?.registered ?? 0, 'registered user')} and everything that is theirs go for good.</p>
        ${textField({ name: 'confirm', label: 'The app\'s name, to be sure', required: true, maxlength: 64, focus: true, hint: `Type: ${app.name}` })}`,
      action: 'Delete app',
      danger: true,
      run: (form) => call('apps/delete', { appKey: app.appKey, confirm: textOf(form, 'confirm') }),
    });
    if (!done) return;
    say(`“${app.name}” is deleted. Its data goes in the next minutes.`);
    go({ page: 'apps' }, true);
    state.drop(app);
  };

  readonly #setLocked = (): Promise<boolean> => {
    const { locked, name } = this.app;
    return dialog({
      title: locked ? `Unlock “${name}”?` : `Lock “${name}”?`,
      body: () => html`<p>${locked ? 'Users can connect again, and calls of its server are answered.' : 'All connections close, and calls of its server are refused until you unlock it.'}</p>`,
      action: locked ? 'Unlock app' : 'Lock app',
      danger: !locked,
      run: () => this.#update({ locked: !locked }),
    });
  };
}

function bar({ registered, userLimit }: Usage): TemplateResult {
  if (userLimit === null) return html`<p><strong>${counted(registered, 'registered user')}</strong>, without a limit</p>`;
  const full = registered >= userLimit;
  return html`<p id="usage"><strong>${number(registered)}</strong> of ${number(userLimit)} registered users</p>
    <progress class=${full ? 'full' : ''} max=${userLimit} .value=${Math.min(registered, userLimit)} aria-labelledby="usage"></progress>
    ${full ? html`<p class="note danger">The limit is reached: new users are refused.</p>` : nothing}`;
}
customElements.define('console-app', AppPage);

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { App, Edition, EditionChange, Environment } from '../api.js';
import { call } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { choiceField, textField, textOf } from '../parts/fields.js';
import { table, tableStyles } from '../parts/table.js';
import { address, go } from '../router.js';
import { state } from '../state.js';
import { editions, environments, limitText, roles, time } from '../words.js';

/** The badges that tell what an app is. */
export function appBadges(app: App): TemplateResult {
  return html`<span class="badges"><span class=${`badge ${app.environment === 'production' ? 'good' : 'plain'}`}>${environments[app.environment]}</span>
    <span class="badge plain">${editions[app.edition]}</span>
    ${app.locked ? html`<span class="badge bad">Locked</span>` : nothing}</span>`;
}

/** Shows a secret that was just made. */
export function tellSecret(title: string, app: App, appSecret: string): Promise<boolean> {
  return dialog({
    title,
    body: () => html`<p class="muted">Your app's server signs its calls with these. The secret belongs on that server alone, never into an app or a page.</p>
      <dl class="facts"><dt>App Key</dt><dd>${copied(app.appKey, 'App Key')}</dd><dt>App Secret</dt><dd>${copied(appSecret, 'App Secret')}</dd></dl>`,
    action: 'Done',
    told: true,
  });
}

class AppsPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles];

  protected override render(): TemplateResult {
    return html`<div class="page">
      <div class="head"><h1>Apps</h1>${state.ownsAll
        ? html`<div class="end"><button class="button primary" type="button" @click=${() => void this.attempt(() => this.#create())}>New app</button></div>`
        : nothing}</div>
      <p class="lead">Each app is on its own: with its own key, users and settings. Make one of each environment: try things out in development, and take the settings over to production.</p>
      <section class="card" aria-label="Apps">${table<App>(
        'Apps',
        [
          { title: 'Name', cell: (app) => html`<a href=${address({ page: 'app', appKey: app.appKey })}>${app.name}</a>` },
          { title: 'Kind', cell: appBadges },
          { title: 'App Key', cell: (app) => html`<code class="mono whole">${app.appKey}</code>` },
          { title: 'Your role', cell: (app) => roles[app.role] },
          { title: 'Made', cell: (app) => time(app.createdAt) },
        ],
        state.apps,
        (app) => app.appKey,
        state.ownsAll ? 'There is no app yet. Begin with “New app”.' : 'You have no role on any app. An owner gives you one.',
      )}</section></div>`;
  }

  async #create(): Promise<void> {
    const { editions: limits } = await call('apps/editions', {});
    let environment: Environment = 'development';
    let edition: Edition = 'free';
    let made: { app: App; appSecret: string } | undefined;
    const done = await dialog({
      title: 'New app',
      body: () => html`
        ${textField({ name: 'name', label: 'Name', required: true, maxlength: 64, focus: true })}
        ${choiceField({ name: 'environment', label: 'Environment', value: environment, options: Object.entries(environments), change: (value) => (environment = value as Environment),
          hint: 'It stays as it is chosen. In development, users can be deleted for good.' })}
        ${choiceField({ name: 'edition', label: 'Edition', value: edition, options: Object.entries(editions), change: (value) => (edition = value as Edition),
          hint: `With this choice the app may have ${limitText(limitOf(limits, environment, edition))}.` })}`,
      action: 'Make app',
      run: async (form) => (made = await call('apps/create', { name: textOf(form, 'name'), environment, edition })),
    });
    if (!done || made === undefined) return;
    state.put(made.app);
    await tellSecret(`“${made.app.name}” is made`, made.app, made.appSecret);
    go({ page: 'app', appKey: made.app.appKey });
  }
}

/** How many users the server allows an app of this kind. */
export function limitOf(limits: readonly EditionChange[], environment: Environment, edition: Edition): number | null {
  return limits.find((limit) => limit.environment === environment && limit.edition === edition)?.userLimit ?? null;
}
customElements.define('console-apps', AppsPage);

/** The console: its frame, who is signed in, and which page is shown. */

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { App } from './api.js';
import { call, sentence } from './client.js';
import { ConsoleElement } from './element.js';
import './pages/account.js';
import './pages/app.js';
import './pages/apps.js';
import './pages/audit.js';
import './pages/explorer.js';
import './pages/group.js';
import './pages/groups.js';
import './pages/imports.js';
import './pages/link.js';
import './pages/operators.js';
import './pages/settings.js';
import './pages/sign-in.js';
import './pages/user.js';
import './pages/users.js';
import './pages/push.js';
import './pages/webhooks.js';
import './parts/toast.js';
import type { Route } from './router.js';
import { address, go, parse } from './router.js';
import { may, state } from './state.js';

type Scheme = 'light' | 'dark';

const SCHEME = 'nuncio-console-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The colours that the operator chose in this browser, if any. */
function chosen(): Scheme | undefined {
  const kept = localStorage.getItem(SCHEME);
  return kept === 'light' || kept === 'dark' ? kept : undefined;
}

class NuncioConsole extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    css`
      header { display: flex; align-items: center; gap: 8px 12px; padding: 10px 20px; border-block-end: 1px solid var(--nuncio-border); background: var(--nuncio-surface); }
      .brand { font-weight: 700; font-size: 1.0625rem; color: var(--nuncio-text); text-decoration: none; }
      header .input { width: auto; min-width: 0; max-width: 260px; flex: 0 1 auto; text-overflow: ellipsis; }
      header .end { margin-inline-start: auto; display: flex; align-items: center; gap: 4px; }
      .frame { display: grid; grid-template-columns: 208px minmax(0, 1fr); align-items: start; }
      nav { padding: 16px 12px; }
      nav h2 { padding: 4px 12px; font-size: var(--nuncio-text-size-small); color: var(--nuncio-text-muted); overflow-wrap: anywhere; }
      nav ul { display: grid; gap: 2px; margin-block-end: 14px; }
      nav a { display: block; padding: 8px 12px; border-radius: var(--nuncio-radius); color: var(--nuncio-text); text-decoration: none; }
      nav a:hover { background: var(--nuncio-sunken); }
      nav a[aria-current] { background: var(--nuncio-selected); color: var(--nuncio-accent); font-weight: 600; }
      main { padding: 24px 28px 48px; min-width: 0; outline: none; }
      main.alone { display: grid; place-items: start center; padding-block-start: 8vh; }
      .skip { position: absolute; inset-block-start: -60px; inset-inline-start: 12px; z-index: 5; }
      .skip:focus { inset-block-start: 8px; }
      @media (max-width: 760px) {
        header { flex-wrap: wrap; padding: 8px 14px; }
        header .input { order: 3; flex: 1 1 100%; max-width: none; }
        .frame { grid-template-columns: minmax(0, 1fr); }
        nav { display: flex; gap: 4px; overflow-x: auto; padding: 8px 10px; border-block-end: 1px solid var(--nuncio-border); }
        nav h2 { display: none; }
        nav ul { display: flex; margin: 0; }
        nav a { white-space: nowrap; }
        main { padding: 18px 14px 48px; }
      }
    `,
  ];

  #route: Route = parse(location.hash);
  #failure: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#moved);
    dark.addEventListener('change', () => this.requestUpdate());
    this.#paint();
    void this.#start();
  }

  async #start(): Promise<void> {
    this.#failure = undefined;
    this.requestUpdate();
    try {
      await state.start();
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  readonly #moved = (): void => {
    this.#route = parse(location.hash);
    this.requestUpdate();
    // Screen readers begin at the new page.
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector('main')?.focus();
      scrollTo(0, 0);
    });
  };

  get #app(): App | undefined {
    return 'appKey' in this.#route ? state.app(this.#route.appKey) : undefined;
  }

  protected override updated(): void {
    const names: Record<Route['page'], string> = {
      link: 'Welcome', apps: 'Apps', app: 'Overview', settings: 'Feature configuration', users: 'Users', user: 'User', groups: 'Groups', group: 'Group',
      explorer: 'API explorer', imports: 'Import users', webhooks: 'Webhooks', push: 'Push', audit: 'Audit trail', operators: 'Operators', account: 'Account',
      missing: 'No such page',
    };
    const name = state.session || this.#route.page === 'link' ? names[this.#route.page] : 'Sign in';
    document.title = [name, this.#app?.name, 'Nuncio console'].filter(Boolean).join(' · ');
    this.#showHere();
  }

  /** On a phone the navigation is a line that scrolls: where one is must be in sight. */
  #showHere(): void {
    const nav = this.renderRoot.querySelector('nav');
    const here = nav?.querySelector('[aria-current]');
    if (nav === null || here === null || here === undefined) return;
    const [all, one] = [nav.getBoundingClientRect(), here.getBoundingClientRect()];
    if (one.left < all.left) nav.scrollLeft += one.left - all.left - 14;
    else if (one.right > all.right) nav.scrollLeft += one.right - all.right + 14;
  }

  protected override render(): TemplateResult {
    return html`${this.#content()}<console-toasts></console-toasts>`;
  }

  #content(): TemplateResult {
    const route = this.#route;
    if (route.page === 'link') return this.#alone(keyed(route.token, html`<console-link .token=${route.token}></console-link>`));
    if (state.session === undefined && this.#failure !== undefined) {
      return this.#alone(html`<div class="card"><h1>The console cannot begin</h1><p class="note danger" role="alert">${this.#failure}</p>
        <div class="actions"><button class="button primary" type="button" @click=${() => void this.#start()}>Try again</button></div></div>`);
    }
    if (state.session === undefined) return this.#alone(html`<p class="muted" role="status">Loading…</p>`);
    if (state.session === null) return this.#alone(html`<console-sign-in></console-sign-in>`);
    return html`
      <a class="skip button" href="#main" @click=${this.#skip}>Skip to the page</a>
      <header>
        <a class="brand" href=${address({ page: 'apps' })}>Nuncio</a>
        ${state.apps.length === 0 ? nothing : this.#switcher()}
        <div class="end">${this.#schemeButton()}<button class="button small" type="button" @click=${this.#signOut}>Sign out</button></div>
      </header>
      <div class="frame">
        <nav aria-label="Console">${this.#links()}</nav>
        <main id="main" tabindex="-1">${keyed(address(route.page === 'app' ? { page: 'app', appKey: route.appKey } : route), this.#page())}</main>
      </div>`;
  }

  #alone(page: unknown): TemplateResult {
    return html`<header><span class="brand">Nuncio</span><div class="end">${this.#schemeButton()}</div></header>
      <main class="alone" tabindex="-1">${page}</main>`;
  }

  #switcher(): TemplateResult {
    const current = this.#app?.appKey ?? '';
    return html`<select class="input" aria-label="App" @change=${this.#switch}>
      ${current === '' ? html`<option value="" selected>Choose an app</option>` : nothing}
      ${state.apps.map(({ appKey, name }) => html`<option value=${appKey} .selected=${appKey === current}>${name}</option>`)}
    </select>`;
  }

  #links(): TemplateResult {
    const { page } = this.#route;
    const link = (route: Route, label: string, here: boolean): TemplateResult =>
      html`<li><a href=${address(route)} aria-current=${here ? 'page' : nothing}>${label}</a></li>`;
    const app = this.#app;
    const ofApp = app === undefined ? nothing : html`<h2>${app.name}</h2><ul>
      ${link({ page: 'app', appKey: app.appKey }, 'Overview', page === 'app')}
      ${link({ page: 'users', appKey: app.appKey }, 'Users', page === 'users' || page === 'user')}
      ${link({ page: 'groups', appKey: app.appKey }, 'Groups', page === 'groups' || page === 'group')}
      ${may(app, 'developer') ? link({ page: 'imports', appKey: app.appKey }, 'Import', page === 'imports') : nothing}
      ${link({ page: 'settings', appKey: app.appKey }, 'Features', page === 'settings')}
      ${may(app, 'developer') ? link({ page: 'explorer', appKey: app.appKey }, 'API explorer', page === 'explorer') : nothing}
      ${may(app, 'developer') ? link({ page: 'webhooks', appKey: app.appKey }, 'Webhooks', page === 'webhooks') : nothing}
      ${may(app, 'developer') ? link({ page: 'push', appKey: app.appKey }, 'Push', page === 'push') : nothing}
      ${link({ page: 'audit', appKey: app.appKey }, 'Audit trail', page === 'audit')}</ul>`;
    return html`${ofApp}<h2>Console</h2><ul>
      ${link({ page: 'apps' }, 'Apps', page === 'apps')}
      ${state.ownsAll
        ? html`${link({ page: 'operators' }, 'Operators', page === 'operators')}${link({ page: 'audit' }, 'Console audit', page === 'audit' && app === undefined)}`
        : nothing}
      ${link({ page: 'account' }, 'Account', page === 'account')}</ul>`;
  }

  #page(): TemplateResult {
    const route = this.#route;
    const app = this.#app;
    if ('appKey' in route && route.appKey !== undefined && app === undefined) return missing('There is no such app, or you have no role on it.');
    switch (route.page) {
      case 'apps':
        return html`<console-apps></console-apps>`;
      case 'app':
        return html`<console-app .app=${app} .span=${route.span ?? 'hour'}></console-app>`;
      case 'imports':
        if (app !== undefined && !may(app, 'developer')) return missing('This page is for developers of the app.');
        return html`<console-imports .app=${app}></console-imports>`;
      case 'explorer':
        if (app !== undefined && !may(app, 'developer')) return missing('This page is for developers of the app.');
        return html`<console-explorer .app=${app} .path=${route.path ?? ''}></console-explorer>`;
      case 'webhooks':
        if (app !== undefined && !may(app, 'developer')) return missing('This page is for developers of the app.');
        return html`<console-webhooks .app=${app} .webhookId=${route.webhookId ?? ''}></console-webhooks>`;
      case 'push':
        if (app !== undefined && !may(app, 'developer')) return missing('This page is for developers of the app.');
        return html`<console-push .app=${app}></console-push>`;
      case 'settings':
        return html`<console-settings .app=${app}></console-settings>`;
      case 'users':
        return html`<console-users .app=${app} .query=${route.query ?? ''} .status=${route.status}></console-users>`;
      case 'user':
        return html`<console-user .app=${app} .userId=${route.userId}></console-user>`;
      case 'groups':
        return html`<console-groups .app=${app} .query=${route.query ?? ''}></console-groups>`;
      case 'group':
        return html`<console-group .app=${app} .groupId=${route.groupId}></console-group>`;
      case 'audit':
        if (app === undefined && !state.ownsAll) return missing('This page is for owners of all apps.');
        return html`<console-audit .app=${app} .filter=${route}></console-audit>`;
      case 'operators':
        return state.ownsAll ? html`<console-operators></console-operators>` : missing('This page is for owners of all apps.');
      case 'account':
        return html`<console-account></console-account>`;
      default:
        return missing('There is no page at this address.');
    }
  }

  #schemeButton(): TemplateResult {
    const to: Scheme = (chosen() ?? (dark.matches ? 'dark' : 'light')) === 'dark' ? 'light' : 'dark';
    return html`<button class="button small quiet" type="button" @click=${() => {
      // What the device has anyway is not kept, so that the console goes on following it.
      if (to === (dark.matches ? 'dark' : 'light')) localStorage.removeItem(SCHEME);
      else localStorage.setItem(SCHEME, to);
      this.#paint();
    }}>${to === 'dark' ? 'Dark' : 'Light'}</button>`;
  }

  #paint(): void {
    const scheme = chosen();
    if (scheme === undefined) delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = scheme;
    this.requestUpdate();
  }

  readonly #switch = (event: Event): void => {
    const appKey = (event.target as HTMLSelectElement).value;
    const { page } = this.#route;
    if (appKey !== '') go(page === 'users' || page === 'groups' || page === 'settings' || page === 'explorer' || page === 'webhooks' || page === 'push' ? { page, appKey } : { page: 'app', appKey });
  };

  readonly #skip = (event: Event): void => {
    event.preventDefault();
    this.renderRoot.querySelector('main')?.focus();
  };

  readonly #signOut = async (): Promise<void> => {
    if (await this.attempt(() => call('session/sign-out', {}))) state.renew(null);
  };
}

const missing = (line: string): TemplateResult =>
  html`<div class="page"><h1>Not here</h1><p class="lead">${line}</p><p><a href=${address({ page: 'apps' })}>To the apps</a></p></div>`;

customElements.define('nuncio-console', NuncioConsole);

/** The page of the two phones: each in a frame, and beside them what the app's server does. */

import type { TemplateResult } from 'lit';
import { LitElement, html, nothing } from 'lit';
import { actions } from './actions.js';
import type { Action } from './actions.js';
import type { Call } from './app-server.js';
import { call, makeGroup } from './app-server.js';
import type { Person, PhoneOrder } from './people.js';
import { people } from './people.js';

const PERSONS = Object.keys(people) as Person[];

/** The whole page. It has no shadow root, so that the page's style sheet is its own. */
class DemoPage extends LitElement {
  #who: Person = 'alice';
  #offline = new Set<Person>();
  #last: Call | undefined;
  #failure = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override firstUpdated(): void {
    makeGroup().catch((error: unknown) => {
      this.#failure = `The group could not be made: ${String(error)}`;
      this.requestUpdate();
    });
  }

  protected override render(): TemplateResult {
    return html`
      <header class="top">
        <h1>Alice and Bob</h1>
        <p>Two users of an app, each on a phone, and the app's own server.</p>
        <nav class="links" aria-label="More"><a href="/docs">API reference</a></nav>
      </header>
      <main class="stage">${PERSONS.map((person) => this.#phone(person))}${this.#server()}</main>
    `;
  }

  #phone(person: Person): TemplateResult {
    const offline = this.#offline.has(person);
    return html`<section class="phone" aria-label=${`${people[person]}'s phone`}>
      <div class="bar"><h2>${people[person]}</h2>
        <button class="button small" type="button" aria-pressed=${offline ? 'true' : 'false'} @click=${() => this.#connection(person)}>
          ${offline ? `Bring ${people[person]} back` : `Take ${people[person]} offline`}</button></div>
      <iframe title=${`${people[person]}'s phone`} name=${person} src=${`phone.html?user=${person}`}></iframe>
    </section>`;
  }

  #server(): TemplateResult {
    return html`<section class="server" aria-label="The app's server">
      <div class="card"><h3>Try this</h3><ol>
        <li>Write to Bob on Alice's phone. See the ticks when Bob has read it.</li>
        <li>On Bob's phone, open the menu at the top and block Alice. Write to Bob again.</li>
        <li>Unblock her, ask her to be a friend, give her another name, change a picture.</li>
        <li>Take Bob offline, write to him, bring him back.</li>
        <li>Go back to the chats and open the group of Alice, Bob and Carol. Type @ to mention somebody; its name leads to its page.</li>
        <li>Be the app's server, below: ban Alice for a minute.</li>
      </ol></div>
      <div class="card"><h2>Your app server</h2>
        <div class="who" role="group" aria-label="About whom"><span>About</span>${PERSONS.map(
          (person) => html`<button class="button small" type="button" aria-pressed=${person === this.#who ? 'true' : 'false'}
            @click=${() => this.#choose(person)}>${people[person]}</button>`,
        )}</div>
        ${actions.map(({ title, actions: all }) => html`<h3>${title}</h3><div class="actions">${all.map(
          (action) => html`<button class="button small" type="button" @click=${() => void this.#act(action)}>${action.label(this.#who)}</button>`,
        )}</div>`)}
      </div>
      <div class="card" role="status">${this.#outcome()}</div>
    </section>`;
  }

  #outcome(): TemplateResult | typeof nothing {
    if (this.#failure) return html`<p class="failed">${this.#failure}</p>`;
    const last = this.#last;
    if (last === undefined) return html`<p>Press a button: the call that your server would make is shown here, with its answer.</p>`;
    return html`<h3>POST ${last.path} <span class=${last.ok ? 'ok' : 'failed'}>${last.ok ? 'succeeded' : 'was refused'}</span></h3>
      <pre tabindex="0" aria-label="The call">${last.curl}</pre><pre tabindex="0" aria-label="Its answer">${last.answer}</pre>`;
  }

  #choose(person: Person): void {
    this.#who = person;
    this.requestUpdate();
  }

  #connection(person: Person): void {
    const goes = !this.#offline.delete(person);
    if (goes) this.#offline.add(person);
    this.#order(person, goes ? 'offline' : 'online');
    this.requestUpdate();
  }

  #order(person: Person, order: PhoneOrder): void {
    this.querySelector<HTMLIFrameElement>(`iframe[name=${person}]`)?.contentWindow?.postMessage(order, location.origin);
  }

  async #act(action: Action): Promise<void> {
    this.#failure = '';
    const who = this.#who;
    try {
      this.#last = await call(action.path, action.body(who));
      if (this.#last.ok && action.then) this.#order(who, action.then);
    } catch (error) {
      this.#failure = `The call could not be made: ${String(error)}`;
    }
    this.requestUpdate();
  }
}

customElements.define('demo-page', DemoPage);
document.body.append(document.createElement('demo-page'));

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, PushCredentials, PushProvider, PushProviderName } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { checkField, textField, textOf } from '../parts/fields.js';
import { say } from '../parts/toast.js';
import { counted, number, time } from '../words.js';

interface Kind {
  name: PushProviderName;
  title: string;
  about: string;
  /** What its form asks for; secrets may stay empty where there are some. */
  fields: (setup: PushProvider['setup'] | undefined) => TemplateResult;
  read: (form: FormData) => PushCredentials;
}

const text = (setup: PushProvider['setup'] | undefined, member: string): string => String(setup?.[member] ?? '');

const file = (name: string, label: string, kept: boolean): TemplateResult => html`<div class="field"><label class="label" for=${name}>${label}</label>
  <textarea class="input" id=${name} name=${name} rows="5" spellcheck="false" autocomplete="off" ?required=${!kept}></textarea>
  <span class="hint">${kept ? 'Left empty, the one that is set stays.' : 'The text of the file.'}</span></div>`;

const endpoint = (setup: PushProvider['setup'] | undefined): TemplateResult =>
  textField({ name: 'endpoint', label: 'Send to (optional)', type: 'url', value: text(setup, 'endpoint'), maxlength: 1024, hint: 'An address in place of the provider’s own, such as a relay’s.' });

/** A secret that is not given stays. */
const secret = (form: FormData, name: string): Record<string, string> => {
  const given = textOf(form, name);
  return given === '' ? {} : { [name]: given };
};

const KINDS: readonly Kind[] = [
  {
    name: 'fcm',
    title: 'Firebase Cloud Messaging',
    about: 'Android, through Google.',
    fields: (setup) => html`${file('serviceAccount', 'Service account (JSON)', setup !== undefined)}${endpoint(setup)}`,
    read: (form) => ({ ...secret(form, 'serviceAccount'), endpoint: textOf(form, 'endpoint') }),
  },
  {
    name: 'apns',
    title: 'Apple push service',
    about: 'iPhone, iPad and Mac.',
    fields: (setup) => html`${file('key', 'Key (.p8)', setup !== undefined)}
      ${textField({ name: 'keyId', label: 'Key ID', value: text(setup, 'keyId'), required: true, maxlength: 128 })}
      ${textField({ name: 'teamId', label: 'Team ID', value: text(setup, 'teamId'), required: true, maxlength: 128 })}
      ${textField({ name: 'topic', label: 'Topic', value: text(setup, 'topic'), required: true, maxlength: 128, hint: 'The app’s bundle ID.' })}
      ${checkField({ name: 'sandbox', label: 'For builds under development', value: setup?.['sandbox'] === true })}${endpoint(setup)}`,
    read: (form) => ({
      ...secret(form, 'key'), keyId: textOf(form, 'keyId'), teamId: textOf(form, 'teamId'), topic: textOf(form, 'topic'),
      sandbox: form.has('sandbox'), endpoint: textOf(form, 'endpoint'),
    }),
  },
  {
    name: 'web',
    title: 'Web Push',
    about: 'Browsers. The key pair is made here.',
    fields: (setup) => html`${textField({ name: 'subject', label: 'Contact', value: text(setup, 'subject'), required: true, maxlength: 256, placeholder: 'mailto:you@example.org',
      hint: 'Told to push services, so that they can reach you: a mailto: or https: address.' })}
      ${setup === undefined ? nothing : checkField({ name: 'newKey', label: 'Make a new key pair', hint: 'Browsers that have subscribed are not reached until they subscribe again.' })}`,
    read: (form) => ({ subject: textOf(form, 'subject'), newKey: form.has('newKey') }),
  },
  {
    name: 'webhook',
    title: 'Your own gateway',
    about: 'Whatever else there is: notifications are posted to your server.',
    fields: (setup) => html`${textField({ name: 'url', label: 'URL', type: 'url', value: text(setup, 'url'), required: true, maxlength: 1024, placeholder: 'https://app.example.org/push' })}
      ${setup === undefined ? nothing : checkField({ name: 'newSecret', label: 'Make a new secret' })}`,
    read: (form) => ({ url: textOf(form, 'url'), newSecret: form.has('newSecret') }),
  },
];

/** How an app's devices are told of messages while their users are away, and how each of these ways fares. */
class PushPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, css`
    dd { overflow-wrap: anywhere; }
    textarea { resize: vertical; font-family: var(--nuncio-font-mono, monospace); font-size: var(--nuncio-text-size-small); }
  `];
  static override properties = { app: {} };

  declare app: App;
  #providers: PushProvider[] | undefined;
  #failure: string | undefined;

  protected override firstUpdated(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      ({ providers: this.#providers } = await call('push/list', { appKey: this.app.appKey }));
      this.#failure = undefined;
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<div class="page">
      <div class="head"><h1>Push</h1></div>
      <p class="lead">Users who are connected nowhere are told of messages through these.</p>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${this.#providers === undefined ? nothing : KINDS.map((kind) => this.#card(kind, this.#providers?.find(({ provider }) => provider === kind.name)))}</div>`;
  }

  #card(kind: Kind, set: PushProvider | undefined): TemplateResult {
    const button = (label: string, run: () => Promise<unknown>, style = ''): TemplateResult =>
      html`<button class=${`button small ${style}`} type="button" aria-label=${`${label}: ${kind.title}`} @click=${() => void run()}>${label}</button>`;
    return html`<section class="card" aria-label=${kind.title}>
      <h2>${kind.title}</h2>
      <p class="muted">${kind.about}</p>
      ${set === undefined ? html`<div class="actions">${button('Set up', () => this.#edit(kind, set))}</div>` : html`
        <span class="badges">${set.active ? html`<span class="badge good">On</span>` : html`<span class="badge warn">Off</span>`}</span>
        <dl class="facts">${Object.entries(set.setup).filter(([, value]) => value !== '' && value !== false).map(([name, value]) => html`<dt>${name}</dt><dd>${String(value)}</dd>`)}
          <dt>Taken</dt><dd>${counted(set.sent, 'notification')}${set.sentAt === null ? nothing : html`, the last ${time(set.sentAt)}`}</dd>
          <dt>Failed attempts</dt><dd>${number(set.failed)}${set.lastErrorAt === null ? nothing : html`, the last ${time(set.lastErrorAt)}: ${set.lastError}`}</dd></dl>
        <div class="actions">${button('Test', () => this.#test(kind))}${button('Edit', () => this.#edit(kind, set))}
          ${kind.name === 'webhook' ? button('Secret', () => this.#secret()) : nothing}
          ${button('Remove', () => this.#remove(kind), 'danger-quiet')}</div>`}</section>`;
  }

  async #edit(kind: Kind, set: PushProvider | undefined): Promise<void> {
    const done = await dialog({
      title: kind.title,
      body: () => html`${kind.fields(set?.setup)}
        ${textField({ name: 'perSecond', label: 'Notifications a second, at most', type: 'number', value: text(set?.setup, 'perSecond') || '500', required: true, min: 1, max: 10_000 })}
        ${checkField({ name: 'active', label: 'Use it', value: set?.active ?? true })}`,
      action: 'Save',
      run: (form) => call('push/set', { appKey: this.app.appKey, provider: kind.name, credentials: { ...kind.read(form), perSecond: Number(textOf(form, 'perSecond')) }, active: form.has('active') }),
    });
    if (done) say(`${kind.title} is set up.`);
    await this.#load();
  }

  async #test(kind: Kind): Promise<void> {
    let tested: { accepted: boolean; status: number; excerpt: string } | undefined;
    const done = await dialog({
      title: `Test: ${kind.title}`,
      body: () => textField({ name: 'userId', label: 'User (optional)', maxlength: 64, focus: true,
        hint: 'A notification goes to this user’s devices. Without one, only the credentials are tried.' }),
      action: 'Send a test',
      run: async (form) => (tested = await call('push/test', { appKey: this.app.appKey, provider: kind.name, userId: textOf(form, 'userId') })),
    });
    if (!done || tested === undefined) return;
    const { accepted, status, excerpt } = tested;
    const answer = status === 0 ? excerpt : `HTTP ${status}. ${excerpt}`;
    if (accepted) say(`It was accepted: ${answer}`);
    else say(`It was not accepted: ${answer}`, 'danger');
  }

  async #secret(): Promise<void> {
    let secret = '';
    const got = await this.attempt(async () => ({ secret } = await call('push/secret', { appKey: this.app.appKey })));
    if (!got) return;
    await dialog({
      title: 'The secret of your gateway',
      body: () => html`<p class="muted">What is posted is signed with it, so that your server knows that it comes from here.</p>${copied(secret, 'secret')}`,
      action: 'Done',
      told: true,
    });
  }

  async #remove(kind: Kind): Promise<void> {
    const done = await dialog({
      title: `Remove ${kind.title}?`,
      body: () => html`<p>Nothing is sent through it any more. Devices stay registered, and are reached again once it is set up again.</p>`,
      action: 'Remove',
      danger: true,
      run: () => call('push/remove', { appKey: this.app.appKey, provider: kind.name }),
    });
    if (done) say(`${kind.title} is removed.`);
    await this.#load();
  }
}
customElements.define('console-push', PushPage);

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Delivery, EventType, Webhook } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { copied } from '../parts/copy.js';
import { dialog } from '../parts/dialog.js';
import { checkField, choiceField, textField, textOf } from '../parts/fields.js';
import { Listing } from '../parts/listing.js';
import { table, tableStyles } from '../parts/table.js';
import { say } from '../parts/toast.js';
import { address } from '../router.js';
import { counted, number, time } from '../words.js';

/** The events that are asked before a message is sent. */
const ASKED = 'direct_channel:pre_messaging and group_channel:pre_messaging';
const STATES: Record<Delivery['state'], string> = { waiting: 'Waiting', delivered: 'Delivered', 'given-up': 'Given up' };

/** What a webhook's form asks for. */
function fields(events: readonly EventType[], webhook?: Webhook): TemplateResult {
  return html`${textField({ name: 'name', label: 'Name', value: webhook?.name ?? '', required: true, maxlength: 64, focus: true })}
    ${textField({ name: 'url', label: 'URL', type: 'url', value: webhook?.url ?? '', required: true, maxlength: 1024, placeholder: 'https://app.example.org/nuncio' })}
    <fieldset><legend class="label">Events</legend>${events.map(({ name, meaning }) =>
      checkField({ name: `event-${name}`, label: name, hint: meaning, value: webhook?.events.includes(name) ?? false }))}</fieldset>
    ${textField({ name: 'timeoutMs', label: 'Milliseconds that an answer about a message may take', type: 'number', min: 100, max: 10_000, value: String(webhook?.timeoutMs ?? 5000), required: true,
      hint: `Of ${ASKED} alone; everything else has 5 seconds.` })}
    ${choiceField({ name: 'silent', label: 'A message without an answer', value: webhook?.passWhenSilent ? 'pass' : 'refuse', options: [['refuse', 'is refused'], ['pass', 'is sent']] })}`;
}

function entered(form: FormData, events: readonly EventType[]): Pick<Webhook, 'name' | 'url' | 'events' | 'timeoutMs' | 'passWhenSilent'> {
  return {
    name: textOf(form, 'name'),
    url: textOf(form, 'url'),
    events: events.map(({ name }) => name).filter((name) => form.has(`event-${name}`)),
    timeoutMs: Number(textOf(form, 'timeoutMs')),
    passWhenSilent: textOf(form, 'silent') === 'pass',
  };
}

const tellSecret = (name: string, secret: string): Promise<boolean> =>
  dialog({
    title: `The secret of “${name}”`,
    body: () => html`<p class="muted">What is posted is signed with it, so that your server knows that it comes from here.</p>${copied(secret, 'secret')}`,
    action: 'Done',
    told: true,
  });

/** Where an app's server is told of events, and how each of these ways fares; one of them with its deliveries. */
class WebhooksPage extends ConsoleElement {
  static override styles = [ConsoleElement.styles, tableStyles, css`
    .url { overflow-wrap: anywhere; }
    pre { margin: 6px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: var(--nuncio-text-size-small); }
    .state { max-width: 220px; }
  `];
  static override properties = { app: {}, webhookId: {} };

  declare app: App;
  declare webhookId: string;
  #webhooks: Webhook[] | undefined;
  #events: EventType[] = [];
  #failure: string | undefined;
  #state: Delivery['state'] | '' = '';
  readonly #deliveries = new Listing<Delivery>(this, (pageToken) =>
    call('webhooks/deliveries', {
      appKey: this.app.appKey,
      id: this.webhookId,
      ...(this.#state === '' ? {} : { state: this.#state }),
      ...(pageToken === undefined ? {} : { pageToken }),
    }),
  );

  protected override firstUpdated(): void {
    void this.#load();
    if (this.webhookId !== '') void this.#deliveries.restart();
  }

  async #load(): Promise<void> {
    try {
      ({ webhooks: this.#webhooks, events: this.#events } = await call('webhooks/list', { appKey: this.app.appKey }));
      this.#failure = undefined;
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const one = this.webhookId === '' ? undefined : this.#webhooks?.find(({ id }) => id === this.webhookId);
    return html`<div class="page">
      <div class="head"><h1>${one?.name ?? 'Webhooks'}</h1>${this.webhookId === ''
        ? html`<div class="end"><button class="button primary" type="button" ?disabled=${this.#webhooks === undefined} @click=${this.#add}>Add a webhook</button></div>`
        : nothing}</div>
      <p class="lead">${this.webhookId === ''
        ? 'Your app’s server is told of what happens, and can be asked before a message is sent.'
        : html`What was posted, the newest first. <a href=${address({ page: 'webhooks', appKey: this.app.appKey })}>To all webhooks</a>`}</p>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${this.webhookId === '' ? this.#all() : html`${one === undefined ? nothing : this.#card(one)}${this.#list()}`}</div>`;
  }

  #all(): TemplateResult | typeof nothing {
    if (this.#webhooks === undefined) return nothing;
    if (this.#webhooks.length === 0) return html`<section class="card"><p class="muted">There is none yet.</p></section>`;
    return html`${this.#webhooks.map((webhook) => this.#card(webhook))}`;
  }

  #card(webhook: Webhook): TemplateResult {
    const { id, name, url, events, active, full, delivered, failed, lastError, lastErrorAt, deliveredAt } = webhook;
    const button = (label: string, run: () => Promise<unknown>, kind = ''): TemplateResult =>
      html`<button class=${`button small ${kind}`} type="button" aria-label=${`${label}: ${name}`} @click=${() => void run()}>${label}</button>`;
    return html`<section class="card" aria-label=${name}>
      ${this.webhookId === '' ? html`<h2>${name}</h2>` : nothing}
      <span class="badges">${active ? html`<span class="badge good">On</span>` : html`<span class="badge warn">Off</span>`}
        ${full ? html`<span class="badge bad">Too much waits: new events are left out</span>` : nothing}</span>
      <dl class="facts"><dt>URL</dt><dd class="url">${url}</dd>
        <dt>Events</dt><dd>${events.length === 0 ? 'None' : events.join(', ')}</dd>
        <dt>Arrived</dt><dd>${counted(delivered, 'event')}${deliveredAt === null ? nothing : html`, the last ${time(deliveredAt)}`}</dd>
        <dt>Failed attempts</dt><dd>${number(failed)}${lastErrorAt === null ? nothing : html`, the last ${time(lastErrorAt)}: ${lastError}`}</dd></dl>
      <div class="actions">
        ${this.webhookId === '' ? html`<a class="button small" href=${address({ page: 'webhooks', appKey: this.app.appKey, webhookId: id })} aria-label=${`Deliveries: ${name}`}>Deliveries</a>` : nothing}
        ${button('Test', () => this.#test(webhook))}${button('Edit', () => this.#edit(webhook))}
        ${button(active ? 'Switch off' : 'Switch on', () => this.#set(webhook, { active: !active }, `“${name}” is ${active ? 'off' : 'on'}.`))}
        ${button('Secret', () => this.#secret(webhook))}${button('New secret', () => this.#rotate(webhook))}
        ${button('Remove', () => this.#remove(webhook), 'danger-quiet')}</div></section>`;
  }

  #list(): TemplateResult {
    const { items } = this.#deliveries;
    return html`<section class="card" aria-label="Deliveries">
      <div class="state">${choiceField({ name: 'state', label: 'Show', value: this.#state, options: [['', 'All'], ...Object.entries(STATES)],
        change: (value) => {
          this.#state = value as Delivery['state'] | '';
          void this.#deliveries.restart();
        } })}</div>
      ${items === undefined ? nothing : table<Delivery>(
        'Deliveries',
        [
          { title: 'When', cell: ({ queuedAt }) => time(queuedAt) },
          { title: 'Event', cell: ({ event, body }) => html`<details><summary><code class="mono whole">${event}</code></summary><pre>${pretty(body)}</pre></details>` },
          { title: 'User', cell: ({ userId }) => html`<a href=${address({ page: 'user', appKey: this.app.appKey, userId })}>${userId}</a>` },
          { title: 'State', cell: ({ state }) => html`<span class=${`badge ${state === 'delivered' ? 'good' : state === 'waiting' ? 'warn' : 'bad'}`}>${STATES[state]}</span>` },
          { title: 'Answer', cell: ({ attempts, status, excerpt }) => html`${counted(attempts, 'attempt')}${status === 0 ? nothing : `, HTTP ${status}`}${excerpt === '' ? nothing : html`<br><span class="muted small">${excerpt}</span>`}` },
          { title: '', cell: (delivery) => delivery.state === 'waiting' ? nothing
            : html`<button class="button small" type="button" aria-label=${`Post again: ${delivery.event} of ${delivery.userId}`} @click=${() => void this.#again(delivery)}>Post again</button>` },
        ],
        items,
        ({ id }) => id,
        'Nothing was posted yet.',
      )}${this.#deliveries.foot()}</section>`;
  }

  readonly #add = async (): Promise<void> => {
    let made: { webhook: Webhook; secret: string } | undefined;
    const done = await dialog({
      title: 'Add a webhook',
      body: () => fields(this.#events),
      action: 'Add',
      run: async (form) => (made = await call('webhooks/add', { appKey: this.app.appKey, ...entered(form, this.#events) })),
    });
    if (done && made !== undefined) await tellSecret(made.webhook.name, made.secret);
    await this.#load();
  };

  async #edit(webhook: Webhook): Promise<void> {
    await dialog({
      title: `Edit “${webhook.name}”`,
      body: () => fields(this.#events, webhook),
      action: 'Save',
      run: (form) => call('webhooks/set', { appKey: this.app.appKey, id: webhook.id, ...entered(form, this.#events) }),
    });
    await this.#load();
  }

  async #set(webhook: Webhook, change: { active: boolean }, done: string): Promise<void> {
    await this.attempt(() => call('webhooks/set', { appKey: this.app.appKey, id: webhook.id, ...change }), done);
    await this.#load();
  }

  async #test({ id }: Webhook): Promise<void> {
    await this.attempt(async () => {
      const { arrived, status, excerpt } = await call('webhooks/test', { appKey: this.app.appKey, id });
      if (arrived) say(`It arrived: HTTP ${status}.`);
      else say(status === 0 ? `There was no answer: ${excerpt}` : `It was answered with HTTP ${status}. ${excerpt}`, 'danger');
    });
  }

  async #secret({ id, name }: Webhook): Promise<void> {
    let secret = '';
    const got = await this.attempt(async () => ({ secret } = await call('webhooks/secret', { appKey: this.app.appKey, id })));
    if (got) await tellSecret(name, secret);
  }

  async #rotate({ id, name }: Webhook): Promise<void> {
    let secret = '';
    const done = await dialog({
      title: `A new secret for “${name}”?`,
      body: () => html`<p>What is posted from then on is signed with the new one; your server must know it first of all.</p>`,
      action: 'Make a new secret',
      danger: true,
      run: async () => ({ secret } = await call('webhooks/rotate-secret', { appKey: this.app.appKey, id })),
    });
    if (done) await tellSecret(name, secret);
  }

  async #remove({ id, name }: Webhook): Promise<void> {
    const done = await dialog({
      title: `Remove “${name}”?`,
      body: () => html`<p>What waits for it is not posted any more, and its deliveries are gone.</p>`,
      action: 'Remove',
      danger: true,
      run: () => call('webhooks/remove', { appKey: this.app.appKey, id }),
    });
    if (!done) return;
    say(`“${name}” is removed.`);
    if (this.webhookId !== '') location.hash = address({ page: 'webhooks', appKey: this.app.appKey });
    else await this.#load();
  }

  async #again({ id }: Delivery): Promise<void> {
    await this.attempt(() => call('webhooks/redeliver', { appKey: this.app.appKey, id: this.webhookId, deliveryId: id }), 'It is on its way again.');
    await this.#deliveries.restart();
  }
}
customElements.define('console-webhooks', WebhooksPage);

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}

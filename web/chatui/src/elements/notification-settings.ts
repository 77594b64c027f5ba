import type { PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { PushState } from '@nuncio/chat';
import { BaseChannel, ChannelNoDisturbLevel, ChannelType, ConnectionStatus, NCEngine } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { succeed } from '../failure.js';
import { session } from '../session.js';
import type { TextKey } from '../texts.js';
import { getLanguage, text } from '../texts.js';

/** Which messages notify, by level, in the order in which they are offered. */
export const LEVELS: readonly (readonly [ChannelNoDisturbLevel, TextKey])[] = [
  [ChannelNoDisturbLevel.ALL_MESSAGE, 'notify.all'],
  [ChannelNoDisturbLevel.MENTION, 'notify.mentions'],
  [ChannelNoDisturbLevel.MENTION_USERS, 'notify.mentions.me'],
  [ChannelNoDisturbLevel.MENTION_ALL, 'notify.mentions.all'],
  [ChannelNoDisturbLevel.MUTED, 'notify.none'],
];

/** The levels that are offered for a kind of conversation: who writes to one user mentions nobody. */
export const levelsOf = (type: ChannelType): typeof LEVELS =>
  type === ChannelType.DIRECT ? LEVELS.filter(([level]) => level === ChannelNoDisturbLevel.ALL_MESSAGE || level === ChannelNoDisturbLevel.MUTED) : LEVELS;

/** What notifies the user, in conversations with users and in groups that have no setting of their own, the quiet hours, and the browser's notifications. */
export class NuncioNotificationSettings extends NuncioElement {
  static override properties: PropertyDeclarations = { pushWorker: { type: String, attribute: 'push-worker' }, push: { state: true } };

  /** Where the app serves the service worker of notifications; without it the browser's are not offered. */
  declare pushWorker: string | undefined;
  /** How the browser's notifications stand, once that is known. */
  protected declare push: PushState | undefined;

  #levels: Partial<Record<ChannelType, ChannelNoDisturbLevel>> = {};
  #asked = false;

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: grid; gap: 12px; }
      h3 { font-size: var(--nuncio-text-size-title); font-weight: 650; }
      select.input { appearance: auto; }
      label.check { display: flex; align-items: center; gap: 10px; }
      label.check input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--nuncio-accent); }
    `,
  ];

  constructor() {
    super();
    this.follows('connection');
  }

  protected override willUpdate(): void {
    super.willUpdate();
    if (this.#asked || session.connection.status !== ConnectionStatus.CONNECTED) return;
    this.#asked = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const [push, direct, group] = await Promise.all([
      this.pushWorker ? NCEngine.getPushState() : undefined,
      BaseChannel.getChannelTypeNoDisturbLevel(ChannelType.DIRECT),
      BaseChannel.getChannelTypeNoDisturbLevel(ChannelType.GROUP),
    ]);
    this.push = push?.isOk ? push.data : 'unsupported';
    if (direct.isOk && group.isOk) this.#levels = { [ChannelType.DIRECT]: direct.data ?? 0, [ChannelType.GROUP]: group.data ?? 0 };
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<h3>${text('notify')}</h3>
      ${this.error ? html`<div class="note danger" role="alert">${this.error}</div>` : nothing}
      ${this.#level(ChannelType.DIRECT, 'notify.direct')}${this.#level(ChannelType.GROUP, 'notify.groups')}<nuncio-quiet-hours></nuncio-quiet-hours>${this.#browser()}`;
  }

  #level(type: ChannelType, label: TextKey): TemplateResult | typeof nothing {
    const known = this.#levels[type];
    if (known === undefined) return nothing;
    // Nothing set is as good as every message.
    const level = known === ChannelNoDisturbLevel.DEFAULT ? ChannelNoDisturbLevel.ALL_MESSAGE : known;
    const set = (event: Event): void => {
      const chosen = Number((event.target as HTMLSelectElement).value) as ChannelNoDisturbLevel;
      void this.attempt(() => succeed<unknown>(BaseChannel.setChannelTypeNoDisturbLevel({ channelType: type, level: chosen }))).then(() => this.#read());
    };
    return html`<label class="field"><span class="label">${text(label)}</span>
      <select class="input" @change=${set}>${levelsOf(type).map(([one, key]) => html`<option value=${one} ?selected=${one === level}>${text(key)}</option>`)}</select></label>`;
  }

  #browser(): TemplateResult | typeof nothing {
    const { push } = this;
    if (push === undefined || push === 'unsupported') return nothing;
    if (push === 'denied') return html`<div class="note">${text('push.denied')}</div>`;
    return html`<label class="check"><input type="checkbox" .checked=${push === 'on'} @change=${this.#setPush} /><span>${text('push')}</span></label>`;
  }

  readonly #setPush = (event: Event): void => {
    const wanted = (event.target as HTMLInputElement).checked;
    void this.attempt(async () => {
      const workerUrl = this.pushWorker ?? '';
      const language = getLanguage();
      await succeed<unknown>(wanted ? NCEngine.enablePush({ workerUrl, language }) : NCEngine.disablePush());
    }).then(() => this.#read());
  };
}

import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { BaseChannel } from '@nuncio/chat';
import { ChannelNoDisturbLevel, DirectChannel, GroupChannel } from '@nuncio/chat';
import { groupIdOf } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { succeed } from '../failure.js';
import { session } from '../session.js';
import { tags } from '../tags.js';
import { text } from '../texts.js';
import { levelsOf } from './notification-settings.js';

/** What the user alone has set for one conversation: what notifies, the pin, the tags. */
export class NuncioChannelSettings extends NuncioElement {
  static override properties: PropertyDeclarations = { channel: { type: String } };

  /** The conversation's key: a user's id, or `group:` and a group's id. */
  declare channel: string | undefined;

  /** What is set, where the list does not have the conversation. */
  #read: BaseChannel | undefined;

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: grid; gap: 12px; }
      select.input { appearance: auto; }
      fieldset { display: grid; gap: 8px; margin: 0; padding: 0; border: 0; min-width: 0; }
      legend { margin-block-end: 8px; padding: 0; font-size: var(--nuncio-text-size-small); font-weight: 600; }
      label.check { display: flex; align-items: center; gap: 10px; overflow-wrap: anywhere; }
      label.check input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--nuncio-accent); }
      .error:empty { display: none; }
    `,
  ];

  constructor() {
    super();
    this.follows('channels', 'tags');
  }

  protected override willUpdate(changed?: PropertyValues<this>): void {
    super.willUpdate();
    if (!changed?.has('channel')) return;
    this.error = this.#read = undefined;
    void this.#reload();
  }

  get #handle(): DirectChannel | GroupChannel {
    const key = this.channel ?? '';
    const groupId = groupIdOf(key);
    return groupId === '' ? new DirectChannel(key) : new GroupChannel(groupId);
  }

  /** A conversation in which nothing was written yet is not in the list, and has settings all the same. */
  async #reload(): Promise<void> {
    const { channel } = this;
    if (!channel) return;
    const state = await this.#handle.reload();
    if (channel !== this.channel || !state.isOk) return;
    this.#read = state.data;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const key = this.channel ?? '';
    if (key === '') return html``;
    const group = groupIdOf(key) !== '';
    const handle = this.#handle;
    const channel = session.listed(handle.identifier) ?? this.#read;
    const { noDisturbLevel: level, isPinned = false } = channel ?? {};
    const choices = [[ChannelNoDisturbLevel.DEFAULT, group ? 'notify.default' : 'notify.default.direct'] as const, ...levelsOf(handle.identifier.channelType)];
    return html`<div class="error" role="alert">${this.error ? html`<div class="note danger">${this.error}</div>` : nothing}</div>
      <label class="field"><span class="label">${text('notify')}</span>
        <select class="input" @change=${(event: Event) => {
          const chosen = Number((event.target as HTMLSelectElement).value) as ChannelNoDisturbLevel;
          this.#set(handle.setNoDisturbLevel(chosen));
        }}>${choices.map(([one, label]) => html`<option value=${one} ?selected=${one === (level ?? ChannelNoDisturbLevel.DEFAULT)}>${text(label)}</option>`)}</select></label>
      <label class="check"><input type="checkbox" .checked=${isPinned} @change=${(event: Event) => {
        this.#set((event.target as HTMLInputElement).checked ? handle.pin() : handle.unpin());
      }} /><span>${text('chats.pin')}</span></label>
      ${this.#tags(key)}`;
  }

  #tags(key: string): TemplateResult | typeof nothing {
    const all = tags.all ?? [];
    if (all.length === 0) return nothing;
    return html`<fieldset><legend class="label">${text('tags')}</legend>${all.map(({ tagId, tagName }) => html`<label class="check">
      <input type="checkbox" .checked=${tags.has(tagId, key)} @change=${(event: Event) => {
        const { checked } = event.target as HTMLInputElement;
        void this.attempt(() => tags.put(key, tagId, checked));
      }} /><span dir="auto">${tagName}</span></label>`)}</fieldset>`;
  }

  #set(change: ReturnType<BaseChannel['pin']>): void {
    void this.attempt(async () => {
      await succeed<unknown>(change);
      await Promise.all([session.readChannels(), this.#reload()]);
    });
  }
}

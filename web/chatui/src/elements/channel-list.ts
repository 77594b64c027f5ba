import type { PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { BaseChannel } from '@nuncio/chat';
import { ChannelNoDisturbLevel } from '@nuncio/chat';
import { isMine } from '../conversation.js';
import { groupOfChannel, keyOf } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { isNotice, preview, senderName } from '../preview.js';
import { session } from '../session.js';
import { tags } from '../tags.js';
import { text } from '../texts.js';
import { brief } from '../time.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles, groupAvatar } from './avatar.js';
import { icons } from './icons.js';
import { listStyles } from './list-styles.js';

/** Rows that are drawn at first, and how many more at a time while the list is scrolled. */
const STEP = 60;

/**
 * The user's conversations, pinned ones first, then the newest first.
 *
 * A row of the user's tags above them narrows the list to one.
 *
 * @fires open-tags - the user wants to make tags, or change them
 * @fires open-conversation - `detail` is the key of the conversation chosen: a user's id, or `group:` and a group's id
 */
export class NuncioChannelList extends NuncioElement {
  static override properties: PropertyDeclarations = { selected: { type: String }, tag: { state: true } };

  /** The key of the conversation that is open. */
  declare selected: string | undefined;

  /** The tag whose conversations alone are shown. */
  protected declare tag: string | undefined;

  #drawn = STEP;

  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    css`
      .marks { display: inline-flex; gap: 4px; color: var(--nuncio-text-muted); }
      .marks svg { width: 14px; height: 14px; }
      .unread .name, .unread .sub { font-weight: 700; }
      .unread .sub { color: var(--nuncio-text); }
      .draft, .mention { color: var(--nuncio-danger); }
      .mention { font-weight: 700; }
      .tags { display: flex; flex: none; gap: 6px; padding: 2px 16px 12px; overflow-x: auto; }
      .chip { flex: none; max-width: 12rem; min-height: 32px; padding: 0 12px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; border: 1px solid var(--nuncio-border); border-radius: 999px; background: none; color: var(--nuncio-text); font-size: var(--nuncio-text-size-small); cursor: pointer; }
      .chip:hover { background: var(--nuncio-sunken); }
      .chip[aria-pressed='true'] { border-color: transparent; background: var(--nuncio-selected); color: var(--nuncio-accent); font-weight: 650; }
      .typing { color: var(--nuncio-accent); }
    `,
  ];

  constructor() {
    super();
    this.follows('channels', 'presence', 'typing', 'tags');
  }

  protected override willUpdate(): void {
    super.willUpdate();
    // A tag that is no more hides nothing.
    if (this.tag !== undefined && tags.all?.every(({ tagId }) => tagId !== this.tag) === true) this.tag = undefined;
  }

  protected override render(): TemplateResult {
    const { tag } = this;
    const channels = this.#channels;
    return html`
      <div class="head"><h2>${text('chats')}</h2>
        <button class="button icon focusable" type="button" aria-label=${text('tags.edit')} title=${text('tags.edit')} @click=${() => this.emit('open-tags', undefined)}>${icons.tag}</button></div>
      <form @submit=${this.#start}>
        <input class="input" name="user" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64"
          placeholder=${text('chats.start')} aria-label=${text('chats.start')} />
        <button class="button" type="submit">${text('chats.start.button')}</button>
      </form>
      ${this.#filter()}
      <div class="scroll" @scroll=${this.#scrolled}>
        ${channels.length > 0 || !session.channelsLoaded
          ? html`<ul>${repeat(channels.slice(0, this.#drawn), (channel) => keyOf(channel.identifier), (channel) => html`<li>${this.#row(channel)}</li>`)}</ul>`
          : tag !== undefined ? html`<div class="empty"><strong>${text('tags.none')}</strong><span>${text('tags.none.hint')}</span></div>`
          : html`<div class="empty"><strong>${text('chats.empty')}</strong><span>${text('chats.empty.hint')}</span></div>`}
      </div>
    `;
  }

  /** The conversations that are shown: all, or those under the chosen tag. */
  get #channels(): readonly BaseChannel[] {
    const { tag } = this;
    return tag === undefined ? session.channels : session.channels.filter(({ identifier }) => tags.has(tag, keyOf(identifier)));
  }

  #filter(): TemplateResult | typeof nothing {
    const all = tags.all ?? [];
    if (all.length === 0) return nothing;
    const choice = (tagId: string | undefined, label: string): TemplateResult =>
      html`<button class="chip focusable" type="button" dir="auto" aria-pressed=${this.tag === tagId ? 'true' : 'false'} @click=${() => this.#choose(tagId)}>${label}</button>`;
    return html`<div class="tags" role="group" aria-label=${text('tags')}>${choice(undefined, text('tags.all'))}${all.map(({ tagId, tagName }) => choice(tagId, tagName))}</div>`;
  }

  #choose(tagId: string | undefined): void {
    this.tag = tagId;
    this.#drawn = STEP;
  }

  #row(channel: BaseChannel): TemplateResult {
    const { unreadCount, latestMessage } = channel;
    const key = keyOf(channel.identifier);
    const groupId = groupOfChannel(channel.identifier);
    const muted = channel.noDisturbLevel === ChannelNoDisturbLevel.MUTED;
    const time = latestMessage?.sentTime ?? channel.operationTime ?? 0;
    return html`<button class=${unreadCount > 0 ? 'row focusable unread' : 'row focusable'} type="button"
      aria-current=${key === this.selected ? 'true' : 'false'} @click=${() => this.emit('open-conversation', key)}>
      ${groupId === '' ? avatar(key, true) : groupAvatar(groupId)}
      <span class="main">
        <span class="line">
          <span class="name">${groupId === '' ? userInfo.displayName(key) : userInfo.groupName(groupId)}</span>
          <span class="marks">
            ${channel.isPinned ? html`<span role="img" aria-label=${text('chats.pinned')}>${icons.pin}</span>` : nothing}
            ${muted ? html`<span role="img" aria-label=${text('chats.muted')}>${icons.muted}</span>` : nothing}
          </span>
          ${time > 0 ? html`<time class="time" datetime=${new Date(time).toISOString()}>${brief(time)}</time>` : nothing}
        </span>
        <span class="line">
          <span class="sub">${this.#latest(channel)}</span>
          ${unreadCount > 0
            ? html`<span class=${muted ? 'badge muted' : 'badge'}><span aria-hidden="true">${unreadCount > 99 ? '99+' : unreadCount}</span><span
                  class="visually-hidden">${text('chats.unread', unreadCount)}</span></span>`
            : nothing}
        </span>
      </span>
    </button>`;
  }

  #latest({ identifier, draft, latestMessage, mentionedMeCount }: BaseChannel): TemplateResult | string {
    const key = keyOf(identifier);
    const mentioned = mentionedMeCount > 0 ? html`<span class="mention">${text('chats.mention')}</span> ` : '';
    if (session.isTyping(key)) return html`<span class="typing">${text('typing', userInfo.displayName(key))}</span>`;
    if (draft && key !== this.selected) return html`${mentioned}<span class="draft">${text('chats.draft')}</span> ${draft}`;
    if (latestMessage === null) return '';
    const line = preview(latestMessage);
    if (isNotice(latestMessage)) return html`${mentioned}${line}`;
    if (isMine(latestMessage)) return html`${mentioned}${text('chats.you')} ${line}`;
    return groupOfChannel(identifier) === '' ? line : html`${mentioned}<span dir="auto">${senderName(latestMessage)}</span>: ${line}`;
  }

  readonly #start = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const user = String(new FormData(form).get('user') ?? '').trim();
    if (user === '' || user === session.userId) return;
    form.reset();
    this.emit('open-conversation', user);
  };

  readonly #scrolled = (event: Event): void => {
    const { scrollTop, clientHeight, scrollHeight } = event.target as HTMLElement;
    if (scrollTop + 2 * clientHeight > scrollHeight && this.#drawn < this.#channels.length) {
      this.#drawn += STEP;
      this.requestUpdate();
    }
  };
}

import type { CSSResult, ReactiveControllerHost, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { MentionedInfo } from '@nuncio/chat';
import { groups } from '../groups.js';
import { MemberList } from '../member-list.js';
import type { Mention, Typed } from '../mentions.js';
import { MOST_MENTIONS, mentionedBy, typedMention } from '../mentions.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatar } from './avatar.js';
import { icons } from './icons.js';

/** Members that are offered at once. */
const OFFERED = 8;
/** How long after the last key members are searched for. */
const PAUSE = 150;

/** How the list of members to mention looks; one of a component's `styles`. */
export const mentionStyles: CSSResult = css`
  .mentions {
    position: absolute;
    inset-inline: 8px;
    inset-block-end: 100%;
    z-index: 2;
    max-width: 22rem;
    max-height: 260px;
    margin-block-end: 6px;
    padding: 6px;
    overflow-y: auto;
    border: 1px solid var(--nuncio-border);
    border-radius: var(--nuncio-radius);
    background: var(--nuncio-raised);
    box-shadow: var(--nuncio-shadow);
  }
  .mentions li { --avatar-size: 28px; display: flex; align-items: center; gap: 10px; min-height: 40px; padding: 4px 8px; border-radius: 7px; cursor: pointer; }
  .mentions li[aria-selected='true'] { background: var(--nuncio-selected); }
  .mentions .name { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
  .mentions .id { flex: none; max-width: 40%; overflow: hidden; text-overflow: ellipsis; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  .mentions .all { display: grid; place-items: center; width: 28px; height: 28px; border-radius: 50%; background: var(--nuncio-accent-soft); color: var(--nuncio-accent); }
`;

/** Offers a group's members while an `@` is being typed, and remembers those who were chosen. A part of the composer. */
export class MentionPicker {
  #list: MemberList | undefined;
  #typed: Typed | undefined;
  #at = 0;
  #chosen: Mention[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #changed = (): void => this.host.requestUpdate();

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController({ hostDisconnected: () => this.leave() });
  }

  /** Begins in a group; an empty id: in a conversation without mentions. */
  enter(groupId: string): void {
    if ((this.#list?.groupId ?? '') === groupId) return;
    this.leave();
    if (groupId === '') return;
    this.#list = new MemberList(groupId);
    this.#list.addEventListener('change', this.#changed);
  }

  /** Ends, and forgets who was chosen. */
  leave(): void {
    this.#list?.removeEventListener('change', this.#changed);
    this.#list?.close();
    this.#list = this.#typed = undefined;
    this.#chosen = [];
    clearTimeout(this.#timer);
  }

  /** The text, or the cursor in it, is another. */
  follow(field: HTMLTextAreaElement): void {
    const list = this.#list;
    if (list === undefined) return;
    const typed = field.selectionStart === field.selectionEnd ? typedMention(field.value, field.selectionStart) : undefined;
    if (typed?.query !== this.#typed?.query) {
      this.#at = 0;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => list.find(typed?.query ?? ''), PAUSE);
    }
    if (typed !== undefined && this.#typed === undefined) list.open();
    this.#typed = typed;
    this.host.requestUpdate();
  }

  /** Takes a key, if it is one of the list's while that is open. Answers whether it was. */
  key(event: KeyboardEvent, field: HTMLTextAreaElement): boolean {
    const offers = this.#offers();
    if (offers.length === 0 || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) this.#at = (this.#at + step + offers.length) % offers.length;
    else if (event.key === 'Escape') this.#typed = undefined;
    else if ((event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab') this.#choose(offers[this.#at] as string, field);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    this.host.requestUpdate();
    return true;
  }

  /** Begins a mention of somebody: for an answer to them. */
  mention(userId: string, field: HTMLTextAreaElement): void {
    if (this.#list === undefined || userId === session.userId) return;
    const shown = `@${userInfo.displayName(userId, this.#list.groupId)}`;
    this.#chosen.push({ userId, shown });
    if (!field.value.includes(shown)) field.value = `${shown} ${field.value}`;
  }

  /** Whom a finished text mentions; forgets who was chosen for it. */
  take(line: string): MentionedInfo | undefined {
    const info = mentionedBy(line, this.#chosen);
    this.#chosen = [];
    this.#typed = undefined;
    return info;
  }

  /** The id of the line of the list that is meant now, for the field's `aria-activedescendant`. */
  get active(): string | undefined {
    return this.#offers().length === 0 ? undefined : `mention-${this.#at}`;
  }

  /** The list; nothing while no mention is being typed. */
  render(field: () => HTMLTextAreaElement | null): TemplateResult | typeof nothing {
    const groupId = this.#list?.groupId ?? '';
    const offers = this.#offers();
    if (offers.length === 0) return nothing;
    const choose = (userId: string) => (event: Event): void => {
      // The field keeps the focus.
      event.preventDefault();
      const element = field();
      if (element !== null) this.#choose(userId, element);
    };
    return html`<ul class="mentions" id="mentions" role="listbox" aria-label=${text('mention.list')}>
      ${offers.map((userId, index) => html`<li role="option" id=${`mention-${index}`} aria-selected=${index === this.#at ? 'true' : 'false'} @mousedown=${choose(userId)}>
        ${userId === ''
          ? html`<span class="all" aria-hidden="true">${icons.groups}</span><span class="name">${text('mention.all')}</span>`
          : html`${avatar(userId, false, groupId)}<span class="name" dir="auto">${userInfo.displayName(userId, groupId)}</span><span class="id">${userId}</span>`}
      </li>`)}
    </ul><div class="visually-hidden" role="status">${text('mention.found', offers.length)}</div>`;
  }

  /** Whom the list offers: for managers everybody first, as an empty id. */
  #offers(): string[] {
    const list = this.#list;
    const query = this.#typed?.query;
    if (list === undefined || query === undefined || this.#chosen.length >= MOST_MENTIONS) return [];
    const lower = query.trim().toLocaleLowerCase();
    const all = groups.isManager(list.groupId) && text('mention.all').toLocaleLowerCase().startsWith(lower) ? [''] : [];
    // A list of another search than this one's is filtered until its own is there.
    const fits = (userId: string): boolean => lower === '' || list.needle.toLocaleLowerCase() === lower || userInfo.knownName(userId, list.groupId).toLocaleLowerCase().includes(lower) || userId.toLowerCase().includes(lower);
    const members = list.members.map(({ userId }) => userId).filter((userId) => userId !== session.userId && fits(userId));
    return [...all, ...members].slice(0, OFFERED);
  }

  #choose(userId: string, field: HTMLTextAreaElement): void {
    const typed = this.#typed;
    if (typed === undefined || this.#list === undefined) return;
    const shown = `@${userId === '' ? text('mention.all') : userInfo.displayName(userId, this.#list.groupId)}`;
    const end = typed.start + 1 + typed.query.length;
    field.setRangeText(`${shown} `, typed.start, end, 'end');
    this.#chosen.push({ userId, shown });
    this.#typed = undefined;
    field.dispatchEvent(new Event('input'));
    this.host.requestUpdate();
  }
}

import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Message } from '@nuncio/chat';
import { ChannelNoDisturbLevel, ConnectionStatus, GroupMemberRole, SentStatus } from '@nuncio/chat';
import type { Entry } from '../conversation.js';
import { Conversation, isMine } from '../conversation.js';
import { groupKey } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { groups } from '../groups.js';
import { isNotice, messageText, preview, senderName } from '../preview.js';
import { succeed } from '../failure.js';
import { session } from '../session.js';
import { memberCount as membersText, text } from '../texts.js';
import { day, moment, sameDay } from '../time.js';
import { userInfo } from '../user-info.js';
import type { Part } from '../window.js';
import { RowWindow } from '../window.js';
import { avatar, avatarStyles, groupAvatar } from './avatar.js';
import { bubble, bubbleStyles, meta, refusal } from './bubble.js';
import type { NuncioComposer } from './composer.js';
import { conversationStyles } from './conversation-styles.js';
import { icons } from './icons.js';
import type { MenuItem } from './menu.js';
import { menu, menuStyles, openMenu } from './menu.js';

/** Pixels from an end of the list that still count as the end. */
const NEAR = 60;
/** Pixels from the beginning at which older messages are asked for. */
const ASK = 900;
/** Messages of one person within this time are one group. */
const GROUP = 5 * 60_000;

/** Mutes that end later than this are told as having no end. */
const FOREVER = Date.UTC(9000, 0);

/**
 * The conversation with one user, or in a group: what was written, and where to write.
 *
 * @fires close-conversation - the user wants to go back; in narrow layouts
 * @fires open-user - `detail` is the id of the user whose card shall be shown
 * @fires open-group - `detail` is the id of the group whose page shall be shown
 * @fires open-receipts - `detail` has the `groupId` and the `messageId` of the message whose readers shall be shown
 */
export class NuncioConversation extends NuncioElement {
  static override properties: PropertyDeclarations = {
    userId: { type: String, attribute: 'user-id' },
    groupId: { type: String, attribute: 'group-id' },
    uploads: { type: Boolean },
    back: { type: Boolean },
  };

  /** With whom. */
  declare userId: string | undefined;
  /** In which group; goes before `userId`. */
  declare groupId: string | undefined;
  /** Whether files can be sent: `NCEngine.initialize` was given an uploader. */
  declare uploads: boolean;
  /** Whether a button leads back to the list. */
  declare back: boolean;

  #conversation: Conversation | undefined;
  #rows = new RowWindow();
  #part: Part = { start: 0, end: 0, before: 0, after: 0 };
  #atEnd = true;
  #anchor: { key: string; top: number } | undefined;
  #menu: { items: MenuItem[]; label: string } = { items: [], label: '' };
  #announced = '';
  #connected = true;
  readonly #sizes = new ResizeObserver((changes) => this.#resized(changes));
  readonly #changed = (): void => this.requestUpdate();

  static override styles = [NuncioElement.styles, avatarStyles, bubbleStyles, menuStyles, conversationStyles];

  constructor() {
    super();
    this.follows('channels', 'presence', 'typing', 'blocklist', 'connection', 'groups');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#open();
    this.ownerDocument.addEventListener('visibilitychange', this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#close();
    this.#sizes.disconnect();
    this.ownerDocument.removeEventListener('visibilitychange', this.#changed);
  }

  /** Puts the cursor into the field for writing. */
  override focus(): void {
    this.#composer?.focus();
  }

  get #composer(): NuncioComposer | null {
    return this.renderRoot?.querySelector('nuncio-composer') ?? null;
  }

  get #scroller(): HTMLElement | null {
    return this.renderRoot?.querySelector('.scroll') ?? null;
  }

  #open(): void {
    const key = this.groupId ? groupKey(this.groupId) : (this.userId ?? '');
    if ((this.#conversation?.key ?? '') === key) return;
    this.#close();
    if (key === '') return;
    this.#conversation = new Conversation(key);
    this.#conversation.addEventListener('change', this.#changed);
    this.#rows = new RowWindow();
    this.#atEnd = true;
    this.#anchor = undefined;
    this.#announced = '';
    this.#conversation.open();
  }

  #close(): void {
    this.#conversation?.removeEventListener('change', this.#changed);
    this.#conversation?.close();
    this.#conversation = undefined;
  }

  protected override willUpdate(changed?: PropertyValues<this>): void {
    super.willUpdate();
    if ((changed?.has('userId') || changed?.has('groupId')) && this.isConnected) this.#open();
    const connected = session.connection.status === ConnectionStatus.CONNECTED;
    if (connected && !this.#connected) void this.#conversation?.reread();
    this.#connected = connected;
    this.#anchor = this.#atEnd ? undefined : this.#firstSeen();
    this.#part = this.#inView();
  }

  /**
   * The rows to draw. Where the view stands is told by the row that is seen, not by the place of the scroll bar: the
   * heights of rows that were never drawn are guesses, which change.
   */
  #inView(): Part {
    const keys = (this.#conversation?.entries ?? []).map((entry) => entry.key);
    const scroller = this.#scroller;
    const view = scroller?.clientHeight || 800;
    if (this.#atEnd || scroller === null) return this.#rows.part(keys, this.#rows.offset(keys, keys.length) - view, view);
    const index = this.#anchor === undefined ? -1 : keys.indexOf(this.#anchor.key);
    const top =
      index < 0 || this.#anchor === undefined
        ? scroller.scrollTop
        : this.#rows.offset(keys, index) - (this.#anchor.top - scroller.getBoundingClientRect().top);
    return this.#rows.part(keys, top, view);
  }

  protected override updated(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const rows = scroller.querySelectorAll<HTMLElement>('[data-key]');
    for (const row of rows) this.#sizes.observe(row);
    if (this.#atEnd) {
      scroller.scrollTop = scroller.scrollHeight;
    } else if (this.#anchor !== undefined) {
      const { key, top } = this.#anchor;
      const row = [...rows].find((one) => one.dataset['key'] === key);
      if (row !== undefined) scroller.scrollTop += row.getBoundingClientRect().top - top;
    }
    this.#seen();
  }

  protected override render(): TemplateResult {
    const conversation = this.#conversation;
    if (conversation === undefined) {
      return html`<div class="nobody">${icons.chats}<p>${text('chats.choose')}</p></div>`;
    }
    const { groupId, userId } = conversation;
    const name = groupId === '' ? userInfo.displayName(userId) : userInfo.groupName(groupId);
    return html`
      ${this.#head(conversation, name)}
      <div class="body">
        <div class="scroll focusable" tabindex="0" role="group" aria-label=${text(groupId === '' ? 'conversation.with' : 'conversation.in', name)} @scroll=${this.#scrolled}>
          ${this.#list(conversation)}
        </div>
        ${this.#atEnd
          ? nothing
          : html`<button class="button newest focusable" type="button" aria-label=${text('conversation.newest')} title=${text('conversation.newest')}
              @click=${this.toNewest}>${icons.down}</button>`}
      </div>
      <div class="visually-hidden" role="log" aria-live="polite">${this.#announced}</div>
      ${this.#silence(conversation)}
      <nuncio-composer .conversation=${conversation} .uploads=${this.uploads} @written=${this.toNewest}></nuncio-composer>
      ${menu(this.#menu.items, this.#menu.label)}
    `;
  }

  #head({ groupId, userId }: Conversation, name: string): TemplateResult {
    const who =
      groupId === ''
        ? html`<button class="who focusable" type="button" @click=${() => this.emit('open-user', userId)}>
            ${avatar(userId, true)}<span class="names"><span class="name" dir="auto">${name}</span>${this.#state(userId, name)}</span></button>`
        : html`<button class="who focusable" type="button" @click=${() => this.emit('open-group', groupId)}>
            ${groupAvatar(groupId)}<span class="names"><span class="name" dir="auto">${name}</span>${this.#count(groupId)}</span></button>`;
    return html`<header>
      ${this.back
        ? html`<button class="button icon focusable" type="button" aria-label=${text('back')} @click=${() => this.emit('close-conversation', undefined)}>${icons.back}</button>`
        : nothing}
      ${who}
      <button class="button icon focusable" type="button" aria-haspopup="menu" aria-label=${text('conversation.menu')} @click=${this.#options}>${icons.more}</button>
    </header>`;
  }

  #state(userId: string, name: string): TemplateResult {
    return session.isTyping(userId)
      ? html`<span class="state typing">${text('typing', name)}</span>`
      : html`<span class="state">${session.isOnline(userId) ? text('online') : text('offline')}</span>`;
  }

  #count(groupId: string): TemplateResult | typeof nothing {
    const count = userInfo.getGroupInfo(groupId).memberCount ?? groups.info(groupId)?.memberCount;
    return count === undefined ? nothing : html`<span class="state">${membersText(count)}</span>`;
  }

  /** Why the user cannot write to the group now, as far as is known; the service decides when they try. */
  #silence({ groupId }: Conversation): TemplateResult | typeof nothing {
    if (groupId === '') return nothing;
    const until = groups.mutedUntil(groupId);
    const line =
      groups.role(groupId) === GroupMemberRole.UNDEF
        ? text('group.outside')
        : until > 0
          ? until > FOREVER ? text('group.muted') : text('group.muted.until', moment(until))
          : groups.isSilenced(groupId) ? text('group.frozen') : undefined;
    return line === undefined ? nothing : html`<div class="silence" role="status"><div class="note warning">${line}</div></div>`;
  }

  #list(conversation: Conversation): TemplateResult {
    const { entries } = conversation;
    const { start, end, before, after } = this.#part;
    if (entries.length === 0) {
      return html`<div class="empty">${conversation.loading ? text('loading') : text('conversation.empty')}</div>`;
    }
    return html`
      <div class="begin">${conversation.complete ? text('conversation.begin') : conversation.loading ? text('loading') : nothing}</div>
      <div class="space" .style=${`height:${before}px`}></div>
      ${repeat(entries.slice(start, end), (entry) => entry.key, (entry, index) => this.#row(entry, entries[start + index - 1], entries[start + index + 1]))}
      <div class="space" .style=${`height:${after}px`}></div>
    `;
  }

  #row(entry: Entry, previous: Entry | undefined, next: Entry | undefined): TemplateResult {
    const { message } = entry;
    const newDay = previous === undefined || !sameDay(previous.message.sentTime, message.sentTime);
    const date = newDay ? html`<div class="day"><span>${day(message.sentTime)}</span></div>` : nothing;
    if (isNotice(message)) return html`<div class="entry" data-key=${entry.key}>${date}<div class="notice">${preview(message)}</div></div>`;
    const mine = isMine(message);
    const last = next === undefined || !together(entry, next);
    const first = newDay || previous === undefined || !together(previous, entry);
    const groupId = this.#conversation?.groupId ?? '';
    return html`<div class="entry" data-key=${entry.key}>${date}
      <div class=${`said ${mine ? 'mine' : 'other'}${last ? ' last' : ''}${first ? ' first' : ''}`} @contextmenu=${(event: MouseEvent) => this.#optionsOf(entry, event)}>
        ${mine ? nothing : html`<span class="side">${last ? avatar(message.senderUserId, false, groupId) : nothing}</span>`}
        <div class="stack">
          ${first && !mine && groupId !== '' ? html`<span class="sender" dir="auto">${senderName(message)}</span>` : nothing}
          <div class="beside">${bubble(message)}
            <button class="button icon more focusable" type="button" aria-haspopup="menu" aria-label=${text('message.menu')}
              @click=${(event: MouseEvent) => this.#optionsOf(entry, event)}>${icons.more}</button></div>
          ${last || message.hasChanged || message.sentStatus < SentStatus.SENT ? meta(message, this.#reading(message)) : nothing}
          ${refusal(message)}
          ${message.sentStatus === SentStatus.FAILED
            ? html`<button class="button small quiet" type="button" @click=${() => void this.#conversation?.retry(entry)}>${text('retry')}</button>`
            : nothing}
        </div>
      </div></div>`;
  }

  /** Who has read an own message in a group, where that is known. */
  #reading({ messageId, sentStatus }: Message): Parameters<typeof meta>[1] {
    const count = this.#conversation?.readCounts.get(messageId);
    if (count === undefined || sentStatus < SentStatus.SENT) return undefined;
    const groupId = this.#conversation?.groupId ?? '';
    return { count, show: () => this.emit('open-receipts', { groupId, messageId }) };
  }

  /** Goes to the newest message. */
  readonly toNewest = (): void => {
    this.#atEnd = true;
    this.requestUpdate();
  };

  readonly #scrolled = (): void => {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const { scrollTop, clientHeight, scrollHeight } = scroller;
    const wasAtEnd = this.#atEnd;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (scrollTop < ASK) void this.#conversation?.loadOlder();
    this.#anchor = this.#firstSeen();
    const { start, end } = this.#inView();
    if (this.#atEnd !== wasAtEnd || start !== this.#part.start || end !== this.#part.end) this.requestUpdate();
  };

  /** The first row in view, and where it is; none when the view was dragged to where no rows are drawn. */
  #firstSeen(): { key: string; top: number } | undefined {
    const scroller = this.#scroller;
    const edges = scroller?.getBoundingClientRect();
    for (const row of scroller?.querySelectorAll<HTMLElement>('[data-key]') ?? []) {
      const { top, bottom } = row.getBoundingClientRect();
      if (edges !== undefined && bottom > edges.top) return top < edges.bottom ? { key: row.dataset['key'] ?? '', top } : undefined;
    }
    return undefined;
  }

  #resized(changes: ResizeObserverEntry[]): void {
    let news = false;
    for (const { target, borderBoxSize } of changes) {
      if (!target.isConnected) {
        this.#sizes.unobserve(target);
        continue;
      }
      const height = borderBoxSize[0]?.blockSize ?? 0;
      news = this.#rows.measured((target as HTMLElement).dataset['key'] ?? '', height) || news;
    }
    if (news) this.requestUpdate();
  }

  /** What came in while the page was looked at is read, and read out. */
  #seen(): void {
    const conversation = this.#conversation;
    const newest = conversation?.entries[conversation.entries.length - 1];
    if (conversation === undefined || newest === undefined || this.ownerDocument.visibilityState !== 'visible') return;
    if (this.#atEnd) void conversation.markRead();
    const fresh = Date.now() - newest.message.sentTime < GROUP && !isMine(newest.message);
    const line = fresh ? (isNotice(newest.message) ? preview(newest.message) : `${senderName(newest.message)}: ${preview(newest.message)}`) : this.#announced;
    if (line !== this.#announced) {
      this.#announced = line;
      this.requestUpdate();
    }
  }

  readonly #options = (event: MouseEvent): void => {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    const { groupId, userId } = conversation;
    const channel = session.listed(conversation.channel.identifier);
    const muted = channel?.noDisturbLevel === ChannelNoDisturbLevel.MUTED;
    const level = muted ? ChannelNoDisturbLevel.ALL_MESSAGE : ChannelNoDisturbLevel.MUTED;
    const change = (action: () => Promise<unknown>) => () => void this.attempt(action).then(() => session.readChannels());
    const ofChannel: MenuItem[] =
      channel === undefined
        ? []
        : [
            { label: channel.isPinned ? text('unpin') : text('pin'), run: change(() => succeed<unknown>(channel.isPinned ? channel.unpin() : channel.pin())) },
            { label: muted ? text('unmute') : text('mute'), run: change(() => succeed<unknown>(channel.setNoDisturbLevel(level))) },
            {
              label: text('remove.chat'),
              run: change(async () => {
                await succeed<unknown>(channel.delete());
                this.emit('close-conversation', undefined);
              }),
            },
          ];
    const blocked = session.isBlocked(userId);
    this.#show(event, text('conversation.menu'), groupId === ''
      ? [
          { label: text('card'), run: () => this.emit('open-user', userId) },
          ...ofChannel,
          { label: blocked ? text('unblock') : text('block'), danger: !blocked, run: change(() => session.block(userId, !blocked)) },
        ]
      : [{ label: text('group.page'), run: () => this.emit('open-group', groupId) }, ...ofChannel]);
  };

  #optionsOf(entry: Entry, event: MouseEvent): void {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    const { message } = entry;
    const line = messageText(message);
    const sent = message.messageId !== '';
    const own = sent && isMine(message);
    const items: MenuItem[] = [];
    if (sent) items.push({ label: text('message.reply'), run: () => this.#composer?.reply(message) });
    if (line !== '') items.push({ label: text('message.copy'), run: () => void navigator.clipboard?.writeText(line) });
    if (own && line !== '') items.push({ label: text('message.edit'), run: () => this.#composer?.edit(entry) });
    // What others wrote in a group its managers may take back; whose, the service says.
    const recalls = own || (sent && conversation.groupId !== '' && groups.isManager(conversation.groupId));
    if (recalls) items.push({ label: text('message.recall'), danger: true, run: () => void this.attempt(() => conversation.recall(entry)) });
    items.push({ label: text('message.hide'), danger: true, run: () => void conversation.hide(entry) });
    this.#show(event, text('message.menu'), items);
  }

  #show(event: MouseEvent, label: string, items: MenuItem[]): void {
    event.preventDefault();
    const anchor = event.type === 'contextmenu' ? new DOMRect(event.clientX, event.clientY, 0, 0) : (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.#menu = { items, label };
    this.requestUpdate();
    void this.updateComplete.then(() => openMenu(this.renderRoot as ShadowRoot, anchor));
  }
}

/** Whether two messages, one after the other, are one group. */
function together(one: Entry, other: Entry): boolean {
  return (
    one.message.senderUserId === other.message.senderUserId &&
    !isNotice(one.message) &&
    !isNotice(other.message) &&
    one.message.sentStatus !== SentStatus.FAILED &&
    other.message.sentTime - one.message.sentTime < GROUP &&
    sameDay(one.message.sentTime, other.message.sentTime)
  );
}

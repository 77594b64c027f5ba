import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { NCEngine, PushHandler } from '@nuncio/chat';
import { groupIdOf, keyOf } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { groups } from '../groups.js';
import { session } from '../session.js';
import type { TextKey } from '../texts.js';
import { text } from '../texts.js';
import type { NuncioConversation } from './conversation.js';
import { icons } from './icons.js';

const HANDLER = 'nuncio-chat';

/** The panes beside the conversation. */
export type ChatPane = 'chats' | 'friends' | 'groups' | 'requests' | 'blocklist' | 'me';

const PANES: readonly { pane: ChatPane; label: TextKey; icon: TemplateResult }[] = [
  { pane: 'chats', label: 'chats', icon: icons.chats },
  { pane: 'friends', label: 'friends', icon: icons.friends },
  { pane: 'groups', label: 'groups', icon: icons.groups },
  { pane: 'requests', label: 'requests.short', icon: icons.requests },
  { pane: 'blocklist', label: 'blocklist.short', icon: icons.blocked },
  { pane: 'me', label: 'me', icon: icons.me },
];

/**
 * The whole chat: lists and a conversation side by side, or one after the other where there is no room.
 *
 * Give it a height. It shows whoever `NCEngine` is connected as.
 *
 * @fires open-conversation - cancelable; `detail` is the key of the conversation that is being opened: a user's id, or
 *   `group:` and a group's id
 * @fires open-user - cancelable; `detail` is the id of the user whose card is being opened
 * @fires open-group - cancelable; `detail` is the id of the group whose page is being opened
 * @fires open-receipts - cancelable; `detail` has the `groupId` and the `messageId` of the message whose readers are being shown
 * @fires open-tags - cancelable; the user's tags are being shown
 * @fires create-group - cancelable; the form that makes a group is being opened
 */
export class NuncioChat extends NuncioElement {
  static override properties: PropertyDeclarations = {
    pane: { type: String, reflect: true },
    open: { type: String, reflect: true },
    uploads: { type: Boolean },
    pushWorker: { type: String, attribute: 'push-worker' },
    card: { state: true },
    narrow: { state: true },
  };

  /** Which pane is shown. */
  declare pane: ChatPane;
  /** The key of the conversation that is open: a user's id, or `group:` and a group's id. */
  declare open: string | undefined;
  /** Whether files can be sent: `NCEngine.initialize` was given an uploader. */
  declare uploads: boolean;
  /** Where the app serves the service worker of notifications; without it the user cannot turn them on here. */
  declare pushWorker: string | undefined;
  /** What is shown above everything else: a user's card, a group's page, a message's readers, the user's tags, or the form that makes a group. */
  protected declare card: { userId: string } | { groupId: string; messageId?: string } | 'create-group' | 'tags' | undefined;
  /** Whether there is room for one thing only. */
  protected declare narrow: boolean;

  readonly #size = new ResizeObserver(([change]) => {
    this.narrow = (change?.contentRect.width ?? 0) < 680;
  });

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: flex; flex-direction: column; height: 100%; min-height: 0; overflow: hidden; background: var(--nuncio-canvas); }
      .panes { flex: 1; min-height: 0; display: grid; grid-template-columns: auto minmax(240px, 320px) minmax(0, 1fr); }
      .panes.narrow { grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); }
      nav { display: flex; flex-direction: column; gap: 4px; padding: 8px; background: var(--nuncio-surface); border-inline-end: 1px solid var(--nuncio-border); }
      nav button { position: relative; display: grid; justify-items: center; align-content: center; gap: 3px; width: 68px; min-height: 54px; padding: 4px 2px; border: 0; border-radius: var(--nuncio-radius); background: none; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-tiny); line-height: 1.2; cursor: pointer; }
      nav button span.label { max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      nav button:hover { background: var(--nuncio-sunken); }
      nav button[aria-current='page'] { background: var(--nuncio-selected); color: var(--nuncio-accent); font-weight: 650; }
      nav .badge { position: absolute; inset-block-start: 2px; inset-inline-end: 6px; height: 17px; min-width: 17px; line-height: 17px; padding: 0 4px; }
      .narrow nav { flex-direction: row; justify-content: space-around; order: 2; padding: 4px 4px max(4px, env(safe-area-inset-bottom)); border-inline-end: 0; border-block-start: 1px solid var(--nuncio-border); }
      .narrow nav { gap: 2px; }
      .narrow nav button { padding-inline: 0; flex: 1; }
      .pane { min-height: 0; min-width: 0; border-inline-end: 1px solid var(--nuncio-border); display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); }
      .narrow .pane { border: 0; }
      nuncio-conversation { min-height: 0; }
      dialog { width: min(26rem, calc(100% - 32px)); max-height: calc(100% - 48px); padding: 0; overflow: hidden; border: 0; border-radius: var(--nuncio-radius-large); background: var(--nuncio-surface); color: var(--nuncio-text); box-shadow: var(--nuncio-shadow); }
      dialog[open] { display: flex; flex-direction: column; }
      dialog > :last-child { flex: 1; min-height: 0; }
      dialog.wide { width: min(32rem, calc(100% - 32px)); }
      dialog::backdrop { background: rgb(8 10 18 / 0.5); }
      dialog .button.icon { position: absolute; inset-block-start: 8px; inset-inline-end: 8px; z-index: 1; }
    `,
  ];

  constructor() {
    super();
    this.pane = 'chats';
    this.narrow = false;
    this.follows('channels', 'requests', 'groups');
    this.addEventListener('open-conversation', (event) => this.#openConversation(event as CustomEvent<string>));
    this.addEventListener('open-user', (event) => this.#show(event, { userId: (event as CustomEvent<string>).detail }));
    this.addEventListener('open-group', (event) => this.#show(event, { groupId: (event as CustomEvent<string>).detail }));
    this.addEventListener('open-receipts', (event) => this.#show(event, (event as CustomEvent<{ groupId: string; messageId: string }>).detail));
    this.addEventListener('open-tags', (event) => this.#show(event, 'tags'));
    this.addEventListener('create-group', (event) => this.#show(event, 'create-group'));
    this.addEventListener('close-conversation', () => {
      this.open = undefined;
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#size.observe(this);
    NCEngine.addPushHandler(HANDLER, new PushHandler({
      onNotificationOpened: ({ channelIdentifier }) => this.emit('open-conversation', keyOf(channelIdentifier)),
    }));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#size.disconnect();
    NCEngine.removePushHandler(HANDLER);
  }

  protected override updated(changed: PropertyValues): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (changed.has('card') && this.card !== undefined && dialog?.open === false) dialog.showModal();
    if (changed.has('open') && this.open && changed.get('open') !== this.open && !this.narrow) {
      this.renderRoot.querySelector<NuncioConversation>('nuncio-conversation')?.focus();
    }
  }

  protected override render(): TemplateResult {
    const groupId = groupIdOf(this.open ?? '');
    const conversation = html`<nuncio-conversation .userId=${groupId === '' ? this.open : undefined} .groupId=${groupId || undefined} .uploads=${this.uploads} .back=${this.narrow}></nuncio-conversation>`;
    const lists = html`${this.#navigation()}<div class="pane">${this.#pane()}</div>`;
    return html`
      <nuncio-connection-bar></nuncio-connection-bar>
      <div class=${this.narrow ? 'panes narrow' : 'panes'}>
        ${this.narrow ? (this.open ? conversation : lists) : html`${lists}${conversation}`}
      </div>
      ${this.card === undefined ? nothing : this.#dialog(this.card)}
    `;
  }

  #dialog(card: NonNullable<NuncioChat['card']>): TemplateResult {
    const [label, content] =
      card === 'create-group'
        ? [text('group.create'), html`<nuncio-group-form></nuncio-group-form>`]
        : card === 'tags'
          ? [text('tags'), html`<nuncio-tags></nuncio-tags>`]
        : 'messageId' in card
          ? [text('receipts'), html`<nuncio-read-receipts .groupId=${card.groupId} .messageId=${card.messageId}></nuncio-read-receipts>`]
          : 'groupId' in card
          ? [text('group.page'), html`<nuncio-group-page .groupId=${card.groupId}></nuncio-group-page>`]
          : [text('card'), html`<nuncio-user-card .userId=${card.userId}></nuncio-user-card>`];
    const wide = typeof card === 'string' || ('groupId' in card && !('messageId' in card));
    return html`<dialog class=${wide ? 'wide' : ''} aria-label=${label} @close=${() => (this.card = undefined)} @click=${this.#outside}>
      <button class="button icon focusable" type="button" aria-label=${text('close')} @click=${this.#closeCard}>${icons.close}</button>
      ${content}
    </dialog>`;
  }

  #navigation(): TemplateResult {
    const unread = session.channels.reduce((sum, channel) => sum + channel.unreadCount, 0);
    const counts: Partial<Record<ChatPane, number>> = { chats: unread, requests: session.openRequests + groups.open };
    return html`<nav aria-label=${text('navigation')}>
      ${PANES.map(({ pane, label, icon }) => {
        const count = counts[pane] ?? 0;
        return html`<button class="focusable" type="button" aria-current=${pane === this.pane ? 'page' : 'false'} title=${text(label)}
          @click=${() => (this.pane = pane)}>${icon}<span class="label">${text(label)}</span>
          ${count > 0 ? html`<span class="badge">${count > 99 ? '99+' : count}</span>` : nothing}</button>`;
      })}
    </nav>`;
  }

  #pane(): TemplateResult {
    switch (this.pane) {
      case 'friends':
        return html`<nuncio-friend-list></nuncio-friend-list>`;
      case 'groups':
        return html`<nuncio-group-list></nuncio-group-list>`;
      case 'requests':
        return html`<nuncio-friend-requests></nuncio-friend-requests>`;
      case 'blocklist':
        return html`<nuncio-blocklist></nuncio-blocklist>`;
      case 'me':
        return html`<nuncio-user-card .pushWorker=${this.pushWorker}></nuncio-user-card>`;
      default:
        return html`<nuncio-channel-list .selected=${this.open}></nuncio-channel-list>`;
    }
  }

  readonly #closeCard = (): void => this.renderRoot.querySelector('dialog')?.close();

  readonly #outside = (event: MouseEvent): void => {
    if (event.target === event.currentTarget) this.#closeCard();
  };

  #openConversation(event: CustomEvent<string>): void {
    if (event.defaultPrevented) return;
    this.#closeCard();
    this.open = event.detail;
  }

  #show(event: Event, card: NonNullable<NuncioChat['card']>): void {
    if (!event.defaultPrevented) this.card = card;
  }
}

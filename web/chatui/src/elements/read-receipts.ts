import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { MessageReadReceiptUser, MessagesReadReceiptUsersQuery } from '@nuncio/chat';
import { BaseChannel, GroupChannel, MessageReadReceiptStatus } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { ChatError } from '../failure.js';
import { text } from '../texts.js';
import { moment } from '../time.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';
import { listStyles } from './list-styles.js';

/** Users of one page. */
const PAGE = 50;

interface Readers {
  query: MessagesReadReceiptUsersQuery;
  users: MessageReadReceiptUser[];
  total: number;
}

/** Who has read a message in a group, and who has not. */
export class NuncioReadReceipts extends NuncioElement {
  static override properties: PropertyDeclarations = {
    groupId: { type: String, attribute: 'group-id' },
    messageId: { type: String, attribute: 'message-id' },
  };

  /** In which group. */
  declare groupId: string | undefined;
  /** Which message. */
  declare messageId: string | undefined;

  #read: Readers | undefined;
  #unread: Readers | undefined;

  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    css`
      :host { display: block; overflow-y: auto; padding: 20px; }
      h2 { font-size: 1.25rem; font-weight: 650; padding-inline-end: 40px; margin-block-end: 12px; }
      h3 { padding-block: 8px; font-size: var(--nuncio-text-size-small); font-weight: 650; }
      .row { min-height: 48px; --avatar-size: 32px; }
    `,
  ];

  constructor() {
    super();
    this.follows('groups');
  }

  protected override willUpdate(changed?: PropertyValues<this>): void {
    super.willUpdate();
    if (!changed?.has('messageId') && !changed?.has('groupId')) return;
    const { groupId, messageId } = this;
    this.#read = this.#unread = undefined;
    if (!groupId || !messageId) return;
    const { identifier: channelIdentifier } = new GroupChannel(groupId);
    const readers = (status: MessageReadReceiptStatus): Readers => ({
      query: BaseChannel.createMessagesReadReceiptUsersQuery({ channelIdentifier, messageId, status, pageSize: PAGE }),
      users: [],
      total: 0,
    });
    this.#read = readers(MessageReadReceiptStatus.RESPONDED);
    this.#unread = readers(MessageReadReceiptStatus.UNRESPONDED);
    for (const one of [this.#read, this.#unread]) void this.#more(one);
  }

  protected override render(): TemplateResult {
    return html`<h2>${text('receipts')}</h2>
      ${this.error ? html`<div class="note danger" role="alert">${this.error}</div>` : nothing}
      ${this.#list(this.#read, 'receipts.read')}${this.#list(this.#unread, 'receipts.unread')}`;
  }

  #list(readers: Readers | undefined, title: 'receipts.read' | 'receipts.unread'): TemplateResult | typeof nothing {
    if (readers === undefined) return nothing;
    const groupId = this.groupId as string;
    return html`<section><h3>${text(title, readers.total)}</h3><ul>
      ${repeat(readers.users, ({ userId }) => userId, ({ userId, timestamp }) => html`<li class="row">
        ${avatar(userId, false, groupId)}<span class="main"><span class="name" dir="auto">${userInfo.displayName(userId, groupId)}</span>
          ${timestamp > 0 ? html`<span class="sub">${moment(timestamp)}</span>` : nothing}</span></li>`)}</ul>
      ${readers.query.hasNext && readers.users.length > 0
        ? html`<button class="button small" type="button" @click=${() => void this.#more(readers)}>${text('more')}</button>`
        : nothing}</section>`;
  }

  async #more(readers: Readers): Promise<void> {
    await this.attempt(async () => {
      const page = await readers.query.loadNextPage();
      if (!page.isOk) throw new ChatError(page.code, page.msg ?? '');
      readers.users = [...readers.users, ...(page.data?.data ?? [])];
      readers.total = page.data?.totalCount ?? readers.users.length;
    });
  }
}

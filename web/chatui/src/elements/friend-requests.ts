import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { FriendApplicationInfo } from '@nuncio/chat';
import { FriendApplicationStatus, FriendApplicationType } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { groups } from '../groups.js';
import { isOpen, session } from '../session.js';
import type { TextKey } from '../texts.js';
import { text } from '../texts.js';
import { brief } from '../time.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';
import { listStyles } from './list-styles.js';

const STATES: Record<FriendApplicationStatus, TextKey> = {
  [FriendApplicationStatus.UNHANDLED]: 'requests.waiting',
  [FriendApplicationStatus.ACCEPTED]: 'requests.accepted',
  [FriendApplicationStatus.REFUSED]: 'requests.refused',
  [FriendApplicationStatus.EXPIRED]: 'requests.expired',
};

/** Requests to become friends and to join groups: those of others, to be answered, and the user's own. */
export class NuncioFriendRequests extends NuncioElement {
  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    css`
      .row { align-items: start; }
      .row .sub { white-space: normal; overflow-wrap: anywhere; }
      .actions { display: flex; gap: 8px; padding-block-start: 6px; }
      .state { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
    `,
  ];

  constructor() {
    super();
    this.follows('requests', 'groups');
  }

  protected override render(): TemplateResult {
    const requests = session.requests ?? [];
    return html`
      <div class="head"><h2>${text('requests')}</h2></div>
      ${this.error ? html`<div class="message" role="alert"><div class="note danger">${this.error}</div></div>` : nothing}
      <div class="scroll">
        ${session.requests?.length === 0 && !groups.applications?.length
          ? html`<div class="empty"><strong>${text('requests.empty')}</strong></div>`
          : html`<ul>${repeat(requests, (one) => `${one.applicationType}:${one.userId}`, (one) => html`<li>${this.#row(one)}</li>`)}</ul>`}
        <nuncio-group-requests></nuncio-group-requests>
      </div>
    `;
  }

  #row(request: FriendApplicationInfo): TemplateResult {
    const { userId, applicationType, applicationStatus, extra, operationTime } = request;
    const received = applicationType === FriendApplicationType.RECEIVED;
    const name = userInfo.displayName(userId);
    const answer = (accept: boolean) => () => void this.attempt(() => session.answerRequest(userId, accept));
    return html`<div class="row">
      ${avatar(userId)}
      <div class="main">
        <span class="line"><span class="name">${name}</span><span class="time">${brief(operationTime)}</span></span>
        <span class="sub">${text(received ? 'requests.received' : 'requests.sent')}${extra ? html` · <q>${extra}</q>` : nothing}</span>
        ${isOpen(request)
          ? html`<div class="actions">
              <button class="button primary small" type="button" aria-label=${`${text('requests.accept')}: ${name}`} @click=${answer(true)}>${text('requests.accept')}</button>
              <button class="button small" type="button" aria-label=${`${text('requests.refuse')}: ${name}`} @click=${answer(false)}>${text('requests.refuse')}</button>
            </div>`
          : html`<span class="state">${text(STATES[applicationStatus] ?? 'requests.waiting')}</span>`}
      </div>
    </div>`;
  }
}

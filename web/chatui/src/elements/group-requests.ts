import type { PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { GroupApplicationInfo } from '@nuncio/chat';
import { GroupApplicationDirection, GroupApplicationStatus } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { awaitsAnswer, groups } from '../groups.js';
import type { TextKey } from '../texts.js';
import { text } from '../texts.js';
import { brief } from '../time.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles, groupAvatar } from './avatar.js';
import { listStyles } from './list-styles.js';

const STATES: Record<GroupApplicationStatus, TextKey> = {
  [GroupApplicationStatus.ADMIN_UNHANDLED]: 'requests.waiting',
  [GroupApplicationStatus.ADMIN_REFUSED]: 'requests.refused',
  [GroupApplicationStatus.INVITEE_UNHANDLED]: 'requests.waiting',
  [GroupApplicationStatus.INVITEE_REFUSED]: 'requests.refused',
  [GroupApplicationStatus.JOINED]: 'requests.accepted',
  [GroupApplicationStatus.EXPIRED]: 'requests.expired',
};

/** What an application says: `{0}` is who is to join, `{1}` the group, `{2}` who invites. */
const LINES: Record<GroupApplicationDirection, TextKey> = {
  [GroupApplicationDirection.APPLICATION_SENT]: 'applications.sent',
  [GroupApplicationDirection.INVITATION_SENT]: 'applications.invited',
  [GroupApplicationDirection.INVITATION_RECEIVED]: 'applications.invitation',
  [GroupApplicationDirection.APPLICATION_RECEIVED]: 'applications.received',
};

/** Requests to join groups and invitations, to be answered; of one group, only those that wait. Empty when there are none. */
export class NuncioGroupRequests extends NuncioElement {
  static override properties: PropertyDeclarations = { groupId: { type: String, attribute: 'group-id' } };

  /** Of which group; of all when left out. */
  declare groupId: string | undefined;

  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    css`
      :host { display: block; background: none; }
      h3 { padding: 8px; font-size: var(--nuncio-text-size-small); font-weight: 650; }
      .row { align-items: start; }
      .row .sub { white-space: normal; overflow-wrap: anywhere; }
      .actions { display: flex; gap: 8px; padding-block-start: 6px; }
      .state { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
    `,
  ];

  constructor() {
    super();
    this.follows('groups');
  }

  protected override render(): TemplateResult | typeof nothing {
    const { groupId } = this;
    const all = groups.applications ?? [];
    const shown = groupId ? all.filter((one) => one.groupId === groupId && awaitsAnswer(one)) : all;
    if (shown.length === 0) return nothing;
    return html`<h3>${text(groupId ? 'applications.one' : 'applications')}</h3>
      ${this.error ? html`<div class="message" role="alert"><div class="note danger">${this.error}</div></div>` : nothing}
      <ul>${repeat(shown, keyOf, (one) => html`<li>${this.#row(one)}</li>`)}</ul>`;
  }

  #row(application: GroupApplicationInfo): TemplateResult {
    const { direction, status, groupId, groupName, operationTime, reason } = application;
    const joiner = application.joinMemberInfo?.userId ?? '';
    const inviter = application.inviterInfo?.userId ?? '';
    const nameOf = (userId: string, told: string | undefined): string => {
      const name = userInfo.displayName(userId);
      return name === userId ? told || userId : name;
    };
    const who = nameOf(joiner, application.joinMemberInfo?.name);
    const by = nameOf(inviter, application.inviterInfo?.name);
    const group = groupName || userInfo.groupName(groupId);
    const received = direction === GroupApplicationDirection.APPLICATION_RECEIVED;
    const line = received && inviter !== '' ? text('applications.received.invited', who, group, by) : text(LINES[direction] ?? 'applications.sent', who, group, by);
    const answer = (accept: boolean) => () => void this.attempt(() => groups.answer(application, accept));
    return html`<div class="row">
      ${received ? avatar(joiner) : groupAvatar(groupId)}
      <div class="main">
        <span class="line"><span class="name" dir="auto">${received ? who : group}</span><span class="time">${brief(operationTime)}</span></span>
        <span class="sub" dir="auto">${line}${reason ? html` · <q>${reason}</q>` : nothing}</span>
        ${awaitsAnswer(application)
          ? html`<div class="actions">
              <button class="button primary small" type="button" aria-label=${`${text('requests.accept')}: ${line}`} @click=${answer(true)}>${text('requests.accept')}</button>
              <button class="button small" type="button" aria-label=${`${text('requests.refuse')}: ${line}`} @click=${answer(false)}>${text('requests.refuse')}</button>
            </div>`
          : html`<span class="state">${text(STATES[status] ?? 'requests.waiting')}</span>`}
      </div>
    </div>`;
  }
}

function keyOf({ direction, groupId, joinMemberInfo, inviterInfo }: GroupApplicationInfo): string {
  return [direction, groupId, joinMemberInfo?.userId, inviterInfo?.userId].join(':');
}

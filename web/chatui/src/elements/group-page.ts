import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { GroupInfo } from '@nuncio/chat';
import { GroupChannel, GroupMemberRole, NCCode } from '@nuncio/chat';
import { groupKey } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { succeed } from '../failure.js';
import { groups } from '../groups.js';
import { session } from '../session.js';
import type { TextKey } from '../texts.js';
import { memberCount as membersText, text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatarStyles, groupAvatar } from './avatar.js';
import { bubbleStyles, linked } from './bubble.js';
import { permits } from './group-settings.js';
import type { NuncioPeoplePicker } from './people-picker.js';

/**
 * Everything about a group: what it says of itself, its members, what the user has set for it, and what they may change.
 *
 * @fires open-conversation - `detail` is the key of the group's conversation
 * @fires open-user - `detail` is the id of the member that was chosen
 */
export class NuncioGroupPage extends NuncioElement {
  static override properties: PropertyDeclarations = { groupId: { type: String, attribute: 'group-id' }, done: { state: true }, inviting: { state: true } };

  /** Which group. */
  declare groupId: string | undefined;
  /** What was done last. */
  protected declare done: string | undefined;
  /** Whether users are being picked to invite. */
  protected declare inviting: boolean;

  static override styles = [
    NuncioElement.styles,
    avatarStyles,
    bubbleStyles,
    css`
      :host { display: block; overflow-y: auto; background: var(--nuncio-surface); }
      .page { display: grid; gap: 20px; padding: 24px 20px; }
      .top { --avatar-size: 80px; display: grid; justify-items: center; gap: 8px; text-align: center; }
      h2 { font-size: 1.25rem; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; }
      h3 { margin-block-end: 8px; font-size: var(--nuncio-text-size-title); font-weight: 650; }
      .sub { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); overflow-wrap: anywhere; }
      code { font-family: var(--nuncio-font-mono); overflow-wrap: anywhere; }
      .text { white-space: pre-wrap; overflow-wrap: anywhere; }
      .text a { color: var(--nuncio-accent); }
      .members { display: grid; gap: 10px; }
      .line { display: flex; align-items: center; gap: 8px; }
      .line h3 { flex: 1; margin: 0; }
      .invitation { display: grid; gap: 12px; padding: 12px; border-radius: var(--nuncio-radius); background: var(--nuncio-sunken); }
      form.one { display: flex; align-items: end; gap: 8px; }
      form.one .field { flex: 1; min-width: 0; }
      .mine, .actions { display: grid; gap: 12px; }
      .actions { gap: 8px; }
    `,
  ];

  constructor() {
    super();
    this.inviting = false;
    this.follows('groups');
  }

  protected override willUpdate(changed?: PropertyValues<this>): void {
    super.willUpdate();
    if (!changed?.has('groupId')) return;
    this.error = this.done = undefined;
    this.inviting = false;
  }

  protected override render(): TemplateResult {
    const groupId = this.groupId ?? '';
    const info = groupId === '' ? undefined : groups.info(groupId);
    const { name, alias, memberCount } = userInfo.getGroupInfo(groupId);
    const count = memberCount ?? info?.memberCount;
    return html`<div class="page">
      <div class="top">
        ${groupAvatar(groupId)}
        <h2 dir="auto">${userInfo.groupName(groupId)}</h2>
        ${alias && name && alias !== name ? html`<div class="sub" dir="auto">${name}</div>` : nothing}
        ${count === undefined ? nothing : html`<div class="sub">${membersText(count)}</div>`}
        <div class="sub">${text('group.id')}: <code>${groupId}</code></div>
      </div>
      ${this.error || this.done
        ? html`<div role="status">${this.error ? html`<div class="note danger">${this.error}</div>` : html`<div class="note success">${this.done}</div>`}</div>`
        : nothing}
      ${info === undefined ? html`<div class="sub" role="status">${text('loading')}</div>` : this.#about(info)}
    </div>`;
  }

  #about(info: GroupInfo): TemplateResult {
    const { groupId } = info;
    const role = info.role ?? GroupMemberRole.UNDEF;
    const said = (label: TextKey, line: string | undefined): TemplateResult | typeof nothing =>
      line ? html`<section><h3>${text(label)}</h3><div class="text" dir="auto">${linked(line)}</div></section>` : nothing;
    if (role === GroupMemberRole.UNDEF) {
      return html`${said('group.introduction', info.introduction)}<div class="note warning">${text('group.outside')}</div>
        <div class="actions"><button class="button primary" type="button" @click=${() => void this.#join(groupId)}>${text('group.join')}</button></div>`;
    }
    return html`
      ${said('group.notice', info.notice)}${said('group.introduction', info.introduction)}
      <div class="actions"><button class="button" type="button" @click=${() => this.emit('open-conversation', groupKey(groupId))}>${text('card.write')}</button></div>
      <section class="members">
        <div class="line"><h3>${text('members')}</h3>
          ${permits(info.invitePermission, role)
            ? html`<button class="button small" type="button" aria-expanded=${this.inviting ? 'true' : 'false'} @click=${() => (this.inviting = !this.inviting)}>${text('group.invite')}</button>`
            : nothing}</div>
        ${this.inviting ? this.#invitation(groupId) : nothing}
        <nuncio-group-members .groupId=${groupId}></nuncio-group-members>
        <nuncio-group-requests .groupId=${groupId}></nuncio-group-requests>
      </section>
      ${this.#mine(info)}
      <nuncio-group-settings .groupId=${groupId}></nuncio-group-settings>
      <div class="actions">
        ${role === GroupMemberRole.OWNER
          ? html`<button class="button danger-quiet" type="button" @click=${() => this.#end(groupId, 'group.dismiss.sure', (group) => group.dismiss())}>${text('group.dismiss')}</button>`
          : html`<button class="button danger-quiet" type="button" @click=${() => this.#end(groupId, 'group.leave.sure', (group) => group.leave())}>${text('group.leave')}</button>`}
      </div>`;
  }

  #invitation(groupId: string): TemplateResult {
    return html`<form class="invitation" @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      void this.#invite(groupId);
    }}><nuncio-people-picker></nuncio-people-picker>
      <button class="button primary" type="submit">${text('group.invite')}</button></form>`;
  }

  /** What the user alone has set: a nickname, a name for the group, and what belongs to any conversation. */
  #mine({ groupId, remark = '' }: GroupInfo): TemplateResult {
    const { nickname = '' } = userInfo.getGroupMemberInfo(groupId, session.userId);
    const field = (name: string, label: TextKey, value: string, save: (value: string) => Promise<unknown>): TemplateResult =>
      html`<form class="one" @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        const entered = String(new FormData(event.target as HTMLFormElement).get(name) ?? '').trim();
        void this.#save(() => save(entered));
      }}><label class="field"><span class="label">${text(label)}</span>
        <input class="input" name=${name} maxlength="64" autocomplete="off" dir="auto" .value=${value} /></label>
        <button class="button" type="submit" aria-label=${`${text('save')}: ${text(label)}`}>${text('save')}</button></form>`;
    return html`<section class="mine"><h3>${text('group.mine')}</h3>
      ${field('nickname', 'group.nickname', nickname, (value) => this.#setNickname(groupId, value))}
      ${field('remark', 'group.remark', remark, (value) => groups.rename(groupId, value))}
      <nuncio-channel-settings .channel=${groupKey(groupId)}></nuncio-channel-settings>
    </section>`;
  }

  async #setNickname(groupId: string, nickname: string): Promise<void> {
    const { userId } = session;
    await succeed<unknown>(new GroupChannel(groupId).setMemberInfo({ userId, nickname }));
    userInfo.reloadMember(groupId, userId);
  }

  async #save(action: () => Promise<unknown>): Promise<void> {
    this.done = undefined;
    if (await this.attempt(action)) this.done = text('saved');
  }

  async #join(groupId: string): Promise<void> {
    this.done = undefined;
    await this.attempt(async () => {
      const { processCode } = await succeed(new GroupChannel(groupId).join());
      if (processCode === NCCode.GROUP_APPROVAL_PENDING) this.done = text('groups.asked');
    });
    groups.reload(groupId);
  }

  async #invite(groupId: string): Promise<void> {
    const chosen = this.renderRoot.querySelector<NuncioPeoplePicker>('nuncio-people-picker')?.chosen ?? [];
    if (chosen.length === 0) return;
    this.done = undefined;
    await this.attempt(async () => {
      const { processCode } = await succeed(new GroupChannel(groupId).inviteUsers([...chosen]));
      this.done = text(processCode === NCCode.GROUP_APPROVAL_PENDING ? 'group.invited.approval' : processCode === NCCode.GROUP_CONSENT_PENDING ? 'group.invited.consent' : 'group.invited');
      this.inviting = false;
    });
  }

  #end(groupId: string, question: TextKey, end: (group: GroupChannel) => Promise<{ isOk: boolean; code: number }>): void {
    if (this.ownerDocument.defaultView?.confirm(text(question, userInfo.groupName(groupId))) !== true) return;
    this.done = undefined;
    void this.attempt(() => succeed<unknown>(end(new GroupChannel(groupId)))).then(() => groups.reload(groupId));
  }
}

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { GroupChannel, GroupMemberRole, NCCode } from '@nuncio/chat';
import { groupKey } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { succeed } from '../failure.js';
import { groups } from '../groups.js';
import { memberCount as membersText, text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatarStyles, groupAvatar } from './avatar.js';
import { listStyles } from './list-styles.js';

/** Rows that are drawn at first, and how many more at a time while the list is scrolled. */
const STEP = 60;

/**
 * The groups that the user is in, a search among them, a form to join one, and a button to make one.
 *
 * @fires open-conversation - `detail` is the key of the chosen group's conversation
 * @fires create-group - the user wants to make a group
 */
export class NuncioGroupList extends NuncioElement {
  #search = '';
  #drawn = STEP;
  #done: string | undefined;

  static override styles = [
    NuncioElement.styles,
    listStyles,
    avatarStyles,
    css`
      .badge { font-weight: 600; background: var(--nuncio-accent-soft); color: var(--nuncio-accent); }
    `,
  ];

  constructor() {
    super();
    this.follows('groups');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void groups.readJoined();
  }

  protected override render(): TemplateResult {
    const needle = this.#search.toLocaleLowerCase();
    const found = (groups.joined ?? [])
      .map((info) => ({ info, name: userInfo.groupName(info.groupId) }))
      .filter(({ info, name }) => [name, info.groupName, info.groupId].some((one) => one.toLocaleLowerCase().includes(needle)))
      .sort((a, b) => a.name.localeCompare(b.name));
    return html`
      <div class="head"><h2>${text('groups')}</h2>
        <button class="button small" type="button" @click=${() => this.emit('create-group', undefined)}>${text('group.create')}</button></div>
      <form @submit=${this.#join}>
        <input class="input" name="group" required autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64"
          placeholder=${text('groups.join')} aria-label=${text('groups.join')} />
        <button class="button" type="submit">${text('groups.join.button')}</button>
      </form>
      <div class="message" role="status">
        ${this.error ? html`<div class="note danger">${this.error}</div>` : this.#done ? html`<div class="note success">${this.#done}</div>` : nothing}
      </div>
      ${(groups.joined?.length ?? 0) > 7
        ? html`<form role="search" @submit=${(event: Event) => event.preventDefault()}><input class="input" type="search" placeholder=${text('groups.search')} aria-label=${text('groups.search')} @input=${this.#find} /></form>`
        : nothing}
      <div class="scroll" @scroll=${this.#scrolled}>
        ${groups.joined?.length === 0
          ? html`<div class="empty"><strong>${text('groups.empty')}</strong><span>${text('groups.empty.hint')}</span></div>`
          : html`<ul>${repeat(found.slice(0, this.#drawn), ({ info }) => info.groupId, ({ info, name }) => html`<li>
              <button class="row focusable" type="button" @click=${() => this.emit('open-conversation', groupKey(info.groupId))}>
                ${groupAvatar(info.groupId)}
                <span class="main"><span class="line"><span class="name" dir="auto">${name}</span>${role(info.role)}</span>
                  <span class="sub">${membersText(userInfo.getGroupInfo(info.groupId).memberCount ?? info.memberCount ?? 0)}</span></span>
              </button></li>`)}</ul>`}
      </div>
    `;
  }

  readonly #find = (event: Event): void => {
    this.#search = (event.target as HTMLInputElement).value.trim();
    this.#drawn = STEP;
    this.requestUpdate();
  };

  readonly #scrolled = (event: Event): void => {
    const { scrollTop, clientHeight, scrollHeight } = event.target as HTMLElement;
    if (scrollTop + 2 * clientHeight > scrollHeight && this.#drawn < (groups.joined?.length ?? 0)) {
      this.#drawn += STEP;
      this.requestUpdate();
    }
  };

  readonly #join = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const groupId = String(new FormData(form).get('group') ?? '').trim();
    if (groupId === '') return;
    this.#done = undefined;
    void this.attempt(async () => {
      const { processCode } = await succeed(new GroupChannel(groupId).join());
      form.reset();
      if (processCode === NCCode.GROUP_APPROVAL_PENDING) this.#done = text('groups.asked');
      else this.emit('open-conversation', groupKey(groupId));
      await groups.readJoined();
    });
  };
}

function role(role: GroupMemberRole | undefined): TemplateResult | typeof nothing {
  if (role === GroupMemberRole.OWNER) return html`<span class="badge">${text('members.owner')}</span>`;
  return role === GroupMemberRole.MANAGER ? html`<span class="badge">${text('members.manager')}</span>` : nothing;
}

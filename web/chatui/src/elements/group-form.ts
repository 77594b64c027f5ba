import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { groupKey } from '../conversation-key.js';
import { NuncioElement } from '../element.js';
import { groups } from '../groups.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import type { NuncioPeoplePicker } from './people-picker.js';

/** Names of members that make a group's name when none is given. */
const NAMED = 3;
/** Characters that a group's name may have. */
const LONGEST = 64;

/**
 * Makes a group of friends and others.
 *
 * @fires open-conversation - `detail` is the key of the new group's conversation
 */
export class NuncioGroupForm extends NuncioElement {
  #busy = false;

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: block; overflow-y: auto; background: var(--nuncio-surface); }
      form { display: grid; gap: 16px; padding: 20px; }
      h2 { font-size: 1.25rem; font-weight: 650; padding-inline-end: 40px; }
      h3 { margin-block-end: 6px; font-size: var(--nuncio-text-size-small); font-weight: 600; }
    `,
  ];

  constructor() {
    super();
    this.follows('friends');
  }

  protected override render(): TemplateResult {
    return html`<form @submit=${this.#create}>
      <h2>${text('group.create')}</h2>
      <label class="field"><span class="label">${text('group.name')}</span>
        <input class="input" name="name" maxlength=${LONGEST} autocomplete="off" dir="auto" /><span class="hint">${text('group.name.hint')}</span></label>
      <div><h3>${text('group.invite.whom')}</h3><nuncio-people-picker></nuncio-people-picker></div>
      ${this.error ? html`<div class="note danger" role="alert">${this.error}</div>` : nothing}
      <button class="button primary" type="submit" ?disabled=${this.#busy}>${text('group.create')}</button>
    </form>`;
  }

  readonly #create = (event: SubmitEvent): void => {
    event.preventDefault();
    if (this.#busy) return;
    const chosen = this.renderRoot.querySelector<NuncioPeoplePicker>('nuncio-people-picker')?.chosen ?? [];
    const given = String(new FormData(event.target as HTMLFormElement).get('name') ?? '').trim();
    const names = [session.userId, ...chosen].slice(0, NAMED).map((userId) => userInfo.displayName(userId));
    const groupName = given || [...names.join(', ')].slice(0, LONGEST).join('');
    const groupId = newGroupId();
    this.#busy = true;
    void this.attempt(async () => {
      await groups.create({ groupId, groupName, inviteeUserIds: [...chosen] });
      this.emit('open-conversation', groupKey(groupId));
    }).finally(() => {
      this.#busy = false;
      this.requestUpdate();
    });
  };
}

/** An id that no other group has. */
function newGroupId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

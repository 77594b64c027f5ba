import type { PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { GroupInfo } from '@nuncio/chat';
import {
  GroupChannel,
  GroupInviteHandlePermission,
  GroupJoinPermission,
  GroupMemberInfoEditPermission,
  GroupMemberRole,
  GroupOperationPermission,
} from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { succeed } from '../failure.js';
import { groups } from '../groups.js';
import { safeUrl } from '../rich-text.js';
import type { TextKey } from '../texts.js';
import { text } from '../texts.js';

type Permission =
  | 'joinPermission' | 'invitePermission' | 'inviteHandlePermission'
  | 'groupInfoEditPermission' | 'memberInfoEditPermission' | 'removeMemberPermission';

const OPERATIONS: readonly (readonly [number, TextKey])[] = [
  [GroupOperationPermission.OWNER, 'permission.owner'],
  [GroupOperationPermission.OWNER_OR_ADMIN, 'permission.managers'],
  [GroupOperationPermission.EVERYONE, 'permission.everyone'],
];

/** What the owner decides, and the answers that there are. */
const PERMISSIONS: readonly { name: Permission; label: TextKey; choices: readonly (readonly [number, TextKey])[] }[] = [
  {
    name: 'joinPermission',
    label: 'permission.join',
    choices: [
      [GroupJoinPermission.FREE, 'permission.join.free'],
      [GroupJoinPermission.OWNER_VERIFY, 'permission.join.owner'],
      [GroupJoinPermission.OWNER_OR_ADMIN_VERIFY, 'permission.join.managers'],
      [GroupJoinPermission.NO_ONE_ALLOWED, 'permission.join.nobody'],
    ],
  },
  { name: 'invitePermission', label: 'permission.invite', choices: OPERATIONS },
  {
    name: 'inviteHandlePermission',
    label: 'permission.consent',
    choices: [
      [GroupInviteHandlePermission.FREE, 'permission.consent.no'],
      [GroupInviteHandlePermission.INVITEE_VERIFY, 'permission.consent.yes'],
    ],
  },
  { name: 'removeMemberPermission', label: 'permission.remove', choices: OPERATIONS },
  { name: 'groupInfoEditPermission', label: 'permission.edit', choices: OPERATIONS },
  {
    name: 'memberInfoEditPermission',
    label: 'permission.members',
    choices: [
      [GroupMemberInfoEditPermission.OWNER_OR_ADMIN_OR_SELF, 'permission.members.managers'],
      [GroupMemberInfoEditPermission.OWNER_OR_SELF, 'permission.members.owner'],
      [GroupMemberInfoEditPermission.SELF, 'permission.members.self'],
    ],
  },
];

/** Whether a role is among those that a permission names. */
export function permits(permission: GroupOperationPermission | undefined, role: GroupMemberRole): boolean {
  const least = { [GroupOperationPermission.OWNER]: GroupMemberRole.OWNER, [GroupOperationPermission.OWNER_OR_ADMIN]: GroupMemberRole.MANAGER, [GroupOperationPermission.EVERYONE]: GroupMemberRole.NORMAL };
  return role >= (least[permission ?? GroupOperationPermission.OWNER] ?? GroupMemberRole.OWNER);
}

/** What a group says of itself, whether all may speak, and its permissions, each for who may change it; a part of `<nuncio-group-page>`. */
export class NuncioGroupSettings extends NuncioElement {
  static override properties: PropertyDeclarations = { groupId: { type: String, attribute: 'group-id' }, done: { state: true } };

  /** Of which group. */
  declare groupId: string | undefined;
  /** What was done last. */
  protected declare done: string | undefined;

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: grid; gap: 12px; }
      details { border: 1px solid var(--nuncio-border); border-radius: var(--nuncio-radius); }
      summary { padding: 10px 12px; font-weight: 600; cursor: pointer; border-radius: var(--nuncio-radius); }
      summary:focus-visible { outline: 2px solid var(--nuncio-accent); outline-offset: -2px; }
      form, .within { display: grid; gap: 12px; padding: 4px 12px 12px; }
      textarea.input { min-height: 72px; resize: vertical; }
      select.input { appearance: auto; }
      label.check { display: flex; align-items: center; gap: 10px; }
      label.check input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--nuncio-accent); }
    `,
  ];

  constructor() {
    super();
    this.follows('groups');
  }

  protected override render(): TemplateResult {
    const info = this.groupId ? groups.info(this.groupId) : undefined;
    if (info === undefined) return html``;
    const role = info.role ?? GroupMemberRole.UNDEF;
    return html`
      ${this.error || this.done
        ? html`<div role="status">${this.error ? html`<div class="note danger">${this.error}</div>` : html`<div class="note success">${this.done}</div>`}</div>`
        : nothing}
      ${role > GroupMemberRole.UNDEF && permits(info.groupInfoEditPermission, role) ? this.#profile(info) : nothing}
      ${role >= GroupMemberRole.MANAGER ? this.#speech(info) : nothing}
      ${role === GroupMemberRole.OWNER ? this.#permissions(info) : nothing}
    `;
  }

  #profile(info: GroupInfo): TemplateResult {
    return html`<details><summary>${text('group.edit')}</summary><form @submit=${this.#save}>
      <label class="field"><span class="label">${text('group.name')}</span>
        <input class="input" name="name" required maxlength="64" autocomplete="off" dir="auto" .value=${info.groupName} /></label>
      <label class="field"><span class="label">${text('me.avatar')}</span>
        <input class="input" name="avatar" type="url" maxlength="1024" autocomplete="off" .value=${info.portraitUri ?? ''} /></label>
      <label class="field"><span class="label">${text('group.notice')}</span>
        <textarea class="input" name="notice" maxlength="1024" dir="auto" .value=${info.notice ?? ''}></textarea></label>
      <label class="field"><span class="label">${text('group.introduction')}</span>
        <textarea class="input" name="introduction" maxlength="512" dir="auto" .value=${info.introduction ?? ''}></textarea></label>
      <button class="button primary" type="submit">${text('save')}</button>
    </form></details>`;
  }

  #speech(info: GroupInfo): TemplateResult {
    const set = (event: Event): void => {
      const frozen = (event.target as HTMLInputElement).checked;
      this.#change(() => succeed<unknown>(new GroupChannel(info.groupId).setFrozen(frozen)));
    };
    return html`<label class="check"><input type="checkbox" .checked=${info.isFrozen ?? false} @change=${set} /><span>${text('group.freeze')}</span></label>`;
  }

  #permissions(info: GroupInfo): TemplateResult {
    const set = (name: Permission) => (event: Event): void => {
      const value = Number((event.target as HTMLSelectElement).value);
      this.#change(() => groups.update(info.groupId, { [name]: value }));
    };
    return html`<details><summary>${text('group.permissions')}</summary><div class="within">
      ${PERMISSIONS.map(({ name, label, choices }) => html`<label class="field"><span class="label">${text(label)}</span>
        <select class="input" @change=${set(name)}>${choices.map(([value, key]) => html`<option value=${value} ?selected=${value === (info[name] ?? 0)}>${text(key)}</option>`)}</select></label>`)}
    </div></details>`;
  }

  #change(action: () => Promise<unknown>): void {
    const { groupId } = this;
    this.done = undefined;
    void this.attempt(async () => {
      await action();
      this.done = text('saved');
    }).then(() => groupId && groups.reload(groupId));
  }

  readonly #save = (event: SubmitEvent): void => {
    event.preventDefault();
    const groupId = this.groupId as string;
    const before = groups.info(groupId);
    const fields = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => String(fields.get(name) ?? '').trim();
    const portraitUri = field('avatar');
    if (portraitUri !== '' && safeUrl(portraitUri) === undefined) {
      this.done = undefined;
      this.error = text('me.avatar.bad');
      this.requestUpdate();
      return;
    }
    const all = { groupName: field('name'), portraitUri, notice: field('notice'), introduction: field('introduction') };
    // What stays as it was is not sent, so that it is not said anew to everybody.
    const changed = Object.fromEntries(Object.entries(all).filter(([name, value]) => value !== (before?.[name as keyof typeof all] ?? '')));
    this.#change(() => (Object.keys(changed).length === 0 ? Promise.resolve() : groups.update(groupId, changed)));
  };
}

import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { NCEngine } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { safeUrl } from '../rich-text.js';
import { succeed } from '../failure.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';
import { avatar, avatarStyles } from './avatar.js';

/**
 * A user's card: who they are, and what can be done about them. The current user's own card edits the hosted profile.
 *
 * @fires open-conversation - `detail` is the user's id
 */
export class NuncioUserCard extends NuncioElement {
  static override properties: PropertyDeclarations = {
    userId: { type: String, attribute: 'user-id' },
    pushWorker: { type: String, attribute: 'push-worker' },
    done: { state: true },
  };

  /** Whose card; the current user's own when left out. */
  declare userId: string | undefined;
  /** Where the app serves the service worker of notifications; without it the user's own card does not offer them. */
  declare pushWorker: string | undefined;
  /** What was done last. */
  protected declare done: string | undefined;

  static override styles = [
    NuncioElement.styles,
    avatarStyles,
    css`
      :host { display: block; overflow-y: auto; background: var(--nuncio-surface); }
      .card { --avatar-size: 88px; display: grid; gap: 20px; max-width: 26rem; margin: 0 auto; padding: 28px 20px; }
      .top { display: grid; justify-items: center; gap: 10px; text-align: center; }
      .top .avatar .dot { width: 18px; height: 18px; inset-inline-end: 4px; inset-block-end: 4px; }
      h2 { font-size: 1.25rem; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; }
      .sub { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
      code { font-family: var(--nuncio-font-mono); overflow-wrap: anywhere; }
      .actions { display: grid; gap: 8px; }
      form { display: grid; gap: 14px; }
    `,
  ];

  constructor() {
    super();
    this.follows('friends', 'blocklist', 'presence', 'connection', 'requests');
  }

  protected override willUpdate(changed?: PropertyValues<this>): void {
    super.willUpdate();
    if (!changed?.has('userId')) return;
    this.error = this.done = undefined;
    if (this.userId) session.watch(this.userId);
  }

  protected override render(): TemplateResult {
    const userId = this.userId || session.userId;
    const own = userId === session.userId;
    const { name, alias } = userInfo.getUserInfo(userId);
    const state = own ? text('me') : session.isOnline(userId) ? text('online') : text('offline');
    return html`<div class="card">
      <div class="top">
        ${avatar(userId, !own)}
        <h2 dir="auto">${userInfo.displayName(userId)}</h2>
        ${alias && name && alias !== name ? html`<div class="sub" dir="auto">${name}</div>` : nothing}
        <div class="sub">${state}</div>
        <div class="sub">${text('card.id')}: <code>${userId}</code></div>
      </div>
      <div role="status">${this.error ? html`<div class="note danger">${this.error}</div>` : this.done ? html`<div class="note success">${this.done}</div>` : nothing}</div>
      ${own ? html`${this.#own(userId)}<nuncio-notification-settings .pushWorker=${this.pushWorker}></nuncio-notification-settings>` : this.#other(userId)}
    </div>`;
  }

  #own(userId: string): TemplateResult | typeof nothing {
    if (!userInfo.hosted) return nothing;
    const { name, avatarUrl = '' } = userInfo.getUserInfo(userId);
    return html`<form @submit=${this.#save} aria-label=${text('me.edit')}>
      <label class="field"><span class="label">${text('me.name')}</span>
        <input class="input" name="name" maxlength="64" autocomplete="nickname" .value=${name} /></label>
      <label class="field"><span class="label">${text('me.avatar')}</span>
        <input class="input" name="avatar" type="url" maxlength="1024" autocomplete="off" .value=${avatarUrl} /></label>
      <button class="button primary" type="submit">${text('save')}</button>
    </form>`;
  }

  #other(userId: string): TemplateResult {
    const blocked = session.isBlocked(userId);
    const friend = session.isFriend(userId);
    const act = (action: () => Promise<unknown>) => () => {
      this.done = undefined;
      void this.attempt(action);
    };
    const add = act(async () => {
      const friends = await session.addFriend(userId, '');
      this.done = text(friends ? 'friends.added' : 'friends.asked', userInfo.displayName(userId));
    });
    return html`
      ${friend && userInfo.hosted && !session.hasFriendProvider
        ? html`<form @submit=${this.#rename}><label class="field"><span class="label">${text('card.alias')}</span>
            <input class="input" name="alias" maxlength="64" autocomplete="off" .value=${userInfo.getUserInfo(userId).alias ?? ''} /></label>
            <button class="button" type="submit">${text('save')}</button></form>`
        : nothing}
      ${blocked ? html`<div class="note warning">${text('card.blocked')}</div>` : nothing}
      <nuncio-channel-settings .channel=${userId}></nuncio-channel-settings>
      <div class="actions">
        <button class="button primary" type="button" @click=${() => this.emit('open-conversation', userId)}>${text('card.write')}</button>
        ${friend
          ? html`<button class="button danger-quiet" type="button" @click=${act(() => this.#remove(userId))}>${text('friends.remove')}</button>`
          : html`<button class="button" type="button" @click=${add}>${text('card.add')}</button>`}
        <button class=${blocked ? 'button' : 'button danger-quiet'} type="button" @click=${act(() => session.block(userId, !blocked))}>${text(blocked ? 'unblock' : 'block')}</button>
      </div>
    `;
  }

  async #remove(userId: string): Promise<void> {
    if (this.ownerDocument.defaultView?.confirm(text('friends.remove.sure', userInfo.displayName(userId)))) await session.removeFriend(userId);
  }

  readonly #save = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const name = String(fields.get('name') ?? '').trim();
    const portraitUri = String(fields.get('avatar') ?? '').trim();
    this.done = undefined;
    if (portraitUri !== '' && safeUrl(portraitUri) === undefined) {
      this.error = text('me.avatar.bad');
      this.requestUpdate();
      return;
    }
    void this.attempt(async () => {
      await succeed<unknown>(NCEngine.userModule.updateMyUserProfile({ name, portraitUri }));
      userInfo.reload(session.userId);
      this.done = text('saved');
    });
  };

  readonly #rename = (event: SubmitEvent): void => {
    event.preventDefault();
    const userId = this.userId as string;
    const remark = String(new FormData(event.target as HTMLFormElement).get('alias') ?? '').trim();
    void this.attempt(async () => {
      await succeed<unknown>(NCEngine.userModule.setFriendInfo({ userId, remark }));
      userInfo.reload(userId);
      this.done = text('saved');
    });
  };
}

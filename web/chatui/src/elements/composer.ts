import type { PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { Message } from '@nuncio/chat';
import type { Conversation, Entry } from '../conversation.js';
import { isMine } from '../conversation.js';
import { NuncioElement } from '../element.js';
import { messageText, preview, senderName } from '../preview.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { avatarStyles } from './avatar.js';
import { icons } from './icons.js';
import { MentionPicker, mentionStyles } from './mention-picker.js';

/** Characters that one message may have. */
const LONGEST = 5_000;
/** From here on the characters left are told. */
const TELL_LEFT = 4_500;
/** How long after the last key a draft is kept. */
const DRAFT_PAUSE = 600;

/** Where messages are written; a part of `<nuncio-conversation>`. */
export class NuncioComposer extends NuncioElement {
  static override properties: PropertyDeclarations = {
    conversation: { attribute: false },
    uploads: { type: Boolean },
    editing: { state: true },
    replyingTo: { state: true },
  };

  /** For which conversation. */
  declare conversation: Conversation | undefined;
  /** Whether files can be sent: `NCEngine.initialize` was given an uploader. */
  declare uploads: boolean;
  /** The message that is being edited. */
  declare editing: Entry | undefined;
  /** The message that is being answered. */
  declare replyingTo: Message | undefined;

  readonly #mentions = new MentionPicker(this);
  #draftTimer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    NuncioElement.styles,
    avatarStyles,
    mentionStyles,
    css`
      :host { position: relative; display: block; background: var(--nuncio-surface); border-block-start: 1px solid var(--nuncio-border); padding: 10px 12px max(10px, env(safe-area-inset-bottom)); }
      form { display: flex; align-items: end; gap: 8px; }
      textarea.input { field-sizing: content; flex: 1; min-width: 0; max-height: 9.5rem; resize: none; border-radius: 20px; padding: 9px 16px; background: var(--nuncio-sunken); border-color: transparent; overflow-y: auto; }
      .send { border-radius: 50%; padding: 0; width: 40px; }
      .above { display: flex; align-items: center; gap: 8px; padding: 0 4px 8px; font-size: var(--nuncio-text-size-small); color: var(--nuncio-text-muted); }
      .above div { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; border-inline-start: 3px solid var(--nuncio-accent); padding-inline-start: 10px; }
      .above strong { display: block; color: var(--nuncio-text); }
      .left, .note { margin-block-end: 8px; }
      .left { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); text-align: end; }
      .icon.flips:dir(rtl) { scale: -1 1; }
    `,
  ];

  /** Puts the cursor into the field. */
  override focus(): void {
    this.#field?.focus();
  }

  /** Begins to edit a message. */
  edit(entry: Entry): void {
    this.editing = entry;
    this.replyingTo = undefined;
    this.#fill(messageText(entry.message));
  }

  /** Begins to answer a message. */
  reply(message: Message): void {
    this.replyingTo = message;
    this.editing = undefined;
    if (this.#field !== null) this.#mentions.mention(message.senderUserId, this.#field);
    this.focus();
  }

  get #field(): HTMLTextAreaElement | null {
    return this.renderRoot?.querySelector('textarea') ?? null;
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('conversation')) return;
    this.editing = this.replyingTo = this.error = undefined;
    const { conversation } = this;
    this.#mentions.enter(conversation?.groupId ?? '');
    this.#fill((conversation && session.listed(conversation.channel.identifier)?.draft) ?? '', false);
  }

  protected override render(): TemplateResult {
    const left = LONGEST - (this.#field?.value.length ?? 0);
    return html`
      ${this.error === undefined ? nothing : html`<div class="note danger" role="alert">${this.error}</div>`}
      ${this.#mentions.render(() => this.#field)}
      ${this.#above()}
      ${left > LONGEST - TELL_LEFT ? nothing : html`<div class="left" role="status">${text('composer.left', left)}</div>`}
      <form @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        void this.#send();
      }}>
        ${this.uploads
          ? html`<button class="button icon focusable" type="button" aria-label=${text('composer.attach')} title=${text('composer.attach')}
                @click=${() => this.renderRoot.querySelector<HTMLInputElement>('[type=file]')?.click()}>${icons.attach}</button>
              <input type="file" hidden multiple @change=${this.#files} />`
          : nothing}
        <textarea class="input" rows="1" dir="auto" maxlength=${LONGEST} placeholder=${text('composer')} aria-label=${text('composer')}
          enterkeyhint="send" aria-autocomplete=${this.conversation?.groupId ? 'list' : 'none'} aria-controls=${this.#mentions.active ? 'mentions' : nothing}
          aria-activedescendant=${this.#mentions.active ?? nothing} @keydown=${this.#key} @input=${this.#typed} @keyup=${this.#moved} @click=${this.#moved}></textarea>
        <button class="button primary send" type="submit" aria-label=${text('composer.send')} title=${text('composer.send')}>${icons.send}</button>
      </form>
    `;
  }

  #above(): TemplateResult | typeof nothing {
    const subject = this.editing?.message ?? this.replyingTo;
    if (subject === undefined) return nothing;
    const title = this.editing
      ? text('composer.editing')
      : text('composer.replying', isMine(subject) ? text('me') : senderName(subject));
    return html`<div class="above"><div><strong>${title}</strong>${preview(subject)}</div>
      <button class="button icon focusable" type="button" aria-label=${text('cancel')} @click=${this.#cancel}>${icons.close}</button></div>`;
  }

  readonly #cancel = (): void => {
    if (this.editing) this.#fill('');
    this.editing = this.replyingTo = undefined;
    this.focus();
  };

  readonly #key = (event: KeyboardEvent): void => {
    if (this.#mentions.key(event, event.target as HTMLTextAreaElement)) return;
    if (event.key === 'Escape' && (this.editing ?? this.replyingTo)) {
      event.stopPropagation();
      this.#cancel();
    }
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void this.#send();
  };

  readonly #typed = (): void => {
    const value = this.#field?.value ?? '';
    if (this.#field !== null) this.#mentions.follow(this.#field);
    if (value !== '') this.conversation?.typing();
    if (!this.editing) this.#keepDraft(value);
    this.requestUpdate();
  };

  /** The cursor may be elsewhere. */
  readonly #moved = (event: Event): void => {
    if (!(event instanceof KeyboardEvent) || /^(Arrow(Left|Right)|Home|End)$/.test(event.key)) this.#mentions.follow(event.target as HTMLTextAreaElement);
  };

  readonly #files = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = '';
    const { conversation } = this;
    if (conversation === undefined) return;
    void this.attempt(async () => {
      for (const file of files) await conversation.sendFile(file);
    });
  };

  async #send(): Promise<void> {
    const { conversation, editing, replyingTo } = this;
    const line = (this.#field?.value ?? '').trim();
    if (conversation === undefined || line === '') return;
    const mentioned = this.#mentions.take(line);
    this.#fill('');
    this.editing = this.replyingTo = undefined;
    clearTimeout(this.#draftTimer);
    void conversation.channel.clearDraft();
    this.emit('written', undefined);
    if (editing === undefined) return conversation.sendText(line, replyingTo, mentioned);
    if (!(await this.attempt(() => conversation.edit(editing, line)))) {
      this.editing = editing;
      this.#fill(line);
    }
  }

  #fill(value: string, focus = true): void {
    const field = this.#field;
    if (field === null) return;
    field.value = value;
    if (focus) field.focus();
    this.requestUpdate();
  }

  #keepDraft(value: string): void {
    const { conversation } = this;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => {
      void conversation?.channel.saveDraft(value).then(() => session.readChannels());
    }, DRAFT_PAUSE);
  }
}

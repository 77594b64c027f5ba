import type { CSSResult, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { Message } from '@nuncio/chat';
import { MessageType, NCEngine, SentStatus } from '@nuncio/chat';
import { isMine } from '../conversation.js';
import { groupOfChannel } from '../conversation-key.js';
import { mentionsUser } from '../mentions.js';
import { messageText, preview, stringOf } from '../preview.js';
import type { ReadCount } from '../session.js';
import { safeUrl, textParts } from '../rich-text.js';
import { refusalText, text } from '../texts.js';
import { clock } from '../time.js';
import { userInfo } from '../user-info.js';
import { icons } from './icons.js';

/** How messages look; one of a component's `styles`. */
export const bubbleStyles: CSSResult = css`
  .bubble {
    max-width: min(100%, 34rem);
    padding: 8px 12px;
    border-radius: var(--nuncio-radius-large);
    background: var(--nuncio-bubble-other);
    color: var(--nuncio-on-bubble-other);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .mine .bubble { background: var(--nuncio-bubble-mine); color: var(--nuncio-on-bubble-mine); }
  .mine.last .bubble { border-end-end-radius: 5px; }
  .other.last .bubble { border-end-start-radius: 5px; }
  .bubble a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
  .bubble.picture { padding: 4px; }
  .bubble.picture img { display: block; max-width: min(280px, 100%); max-height: 320px; border-radius: 12px; object-fit: cover; background: var(--nuncio-sunken); }
  .bubble video { display: block; max-width: min(320px, 100%); border-radius: 12px; }
  .file { display: flex; align-items: center; gap: 10px; text-decoration: none; white-space: normal; }
  .file .size { color: inherit; opacity: 0.8; font-size: var(--nuncio-text-size-small); }
  .quote {
    display: block;
    margin-block-end: 6px;
    padding: 4px 10px;
    border-inline-start: 3px solid var(--nuncio-accent);
    border-radius: 4px;
    background: light-dark(rgb(0 0 0 / 0.05), rgb(255 255 255 / 0.07));
    font-size: var(--nuncio-text-size-small);
  }
  .sender { margin-inline-start: 4px; max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); font-weight: 600; }
  .bubble.mentions { box-shadow: inset 0 0 0 2px var(--nuncio-accent); }
  .quote .who { display: block; font-weight: 600; }
  .quote .what { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
  .meta { display: inline-flex; align-items: center; gap: 4px; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-tiny); font-variant-numeric: tabular-nums; }
  .meta svg { width: 15px; height: 15px; }
  .meta .is-read { color: var(--nuncio-accent); }
  .meta .is-failed { color: var(--nuncio-danger); }
  .readers { display: inline-flex; align-items: center; gap: 4px; min-height: 24px; padding: 0 4px; border: 0; border-radius: 6px; background: none; color: inherit; font: inherit; cursor: pointer; }
  .readers:hover { background: var(--nuncio-sunken); color: var(--nuncio-text); }
  .readers span { display: inline-flex; }
  .refusal { max-width: 34rem; color: var(--nuncio-danger); font-size: var(--nuncio-text-size-small); }
`;

/** What a message says, in its bubble. */
export function bubble(message: Message): TemplateResult {
  const body = contentOf(message);
  const picture = message.messageType === MessageType.IMAGE || message.messageType === MessageType.GIF;
  const mentions = !isMine(message) && mentionsUser(message, NCEngine.getCurrentUserId());
  return html`<div class=${`bubble${picture ? ' picture' : ''}${mentions ? ' mentions' : ''}`} dir="auto">${body}</div>`;
}

function contentOf(message: Message): TemplateResult {
  switch (message.messageType) {
    case MessageType.IMAGE:
    case MessageType.GIF:
      return picture(message);
    case MessageType.FILE:
      return file(message);
    case MessageType.SHORT_VIDEO:
      return media(message, (url) => html`<video controls preload="metadata" src=${url}></video>`);
    case MessageType.HD_VOICE:
      return media(message, (url) => html`<audio controls preload="none" src=${url}></audio>`);
    case MessageType.REFERENCE:
      return html`${quote(message)}${linked(messageText(message))}`;
    default:
      return linked(preview(message));
  }
}

/** A text with its links. */
export function linked(line: string): TemplateResult {
  return html`${textParts(line).map((part) =>
    part.href === undefined ? part.text : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`,
  )}`;
}

function picture(message: Message): TemplateResult {
  const url = safeUrl(stringOf(message, 'remoteUrl') || stringOf(message, 'imageUri'));
  const thumbnail = stringOf(message, 'thumbnailBase64');
  const shown = /^[A-Za-z0-9+/=]+$/.test(thumbnail) ? `data:image/jpeg;base64,${thumbnail}` : url;
  if (shown === undefined) return html`${text('message.image')}`;
  const image = html`<img src=${message.messageType === MessageType.GIF ? (url ?? shown) : shown} alt=${text('message.image')} loading="lazy" referrerpolicy="no-referrer" />`;
  return url === undefined ? image : html`<a href=${url} target="_blank" rel="noopener noreferrer">${image}</a>`;
}

function file(message: Message): TemplateResult {
  const url = safeUrl(stringOf(message, 'remoteUrl') || stringOf(message, 'fileUrl'));
  const size = Number((message.content as { size?: unknown } | null)?.size);
  const body = html`${icons.file}<span>${stringOf(message, 'name') || text('message.file')}
    ${size > 0 ? html`<span class="size">${bytes(size)}</span>` : nothing}</span>`;
  return url === undefined
    ? html`<span class="file">${body}</span>`
    : html`<a class="file" href=${url} target="_blank" rel="noopener noreferrer" download>${body}</a>`;
}

function media(message: Message, show: (url: string) => TemplateResult): TemplateResult {
  const url = safeUrl(stringOf(message, 'remoteUrl') || stringOf(message, 'sightUrl'));
  return url === undefined ? html`${preview(message)}` : show(url);
}

/** A number of bytes, such as 1.2 MB. */
function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(size) / 3));
  return `${Number((size / 1000 ** step).toPrecision(3))} ${units[step]}`;
}

function quote(message: Message): TemplateResult {
  const { referMsg, referMsgSenderId, referMsgType } = message.content as Record<string, unknown>;
  const quoted = { content: referMsg, messageType: String(referMsgType ?? ''), senderUserId: String(referMsgSenderId ?? '') } as Message;
  const name = userInfo.displayName(quoted.senderUserId, groupOfChannel(message.channelIdentifier));
  return html`<span class="quote"><span class="who" dir="auto">${name}</span><span class="what">${preview(quoted)}</span></span>`;
}

/**
 * When a message was sent, whether it was edited, and how far it has come.
 *
 * @param reading in a group: how many have read it, and what shows who
 */
export function meta(message: Message, reading?: { count: ReadCount; show: () => void }): TemplateResult {
  return html`<span class="meta">
    ${message.hasChanged ? html`<span>${text('message.edited')}</span>` : nothing}
    <time datetime=${new Date(message.sentTime).toISOString()}>${clock(message.sentTime)}</time>
    ${!isMine(message) ? nothing : reading === undefined ? status(message.sentStatus) : readers(reading.count, reading.show)}
  </span>`;
}

/** A button that says how many have read a message. */
function readers({ readCount, unreadCount }: ReadCount, show: () => void): TemplateResult {
  const label = readCount === 0 ? text('receipts.nobody') : unreadCount === 0 ? text('receipts.all') : text('receipts.count', readCount, readCount + unreadCount);
  return html`<button class="readers focusable" type="button" @click=${show}><span class=${readCount > 0 ? 'is-read' : 'is-sent'} aria-hidden="true">${readCount > 0 ? icons.read : icons.sent}</span>${label}</button>`;
}

function status(sent: SentStatus): TemplateResult {
  const mark = (name: string, drawing: TemplateResult, label: string): TemplateResult =>
    html`<span class=${name} role="img" aria-label=${label} title=${label}>${drawing}</span>`;
  if (sent === SentStatus.SENDING) return mark('is-sending', icons.sending, text('message.sending'));
  if (sent === SentStatus.FAILED || sent === SentStatus.CANCELED) return mark('is-failed', icons.failed, text('message.failed'));
  if (sent === SentStatus.READ) return mark('is-read', icons.read, text('message.read'));
  return mark('is-sent', icons.sent, text('message.sent'));
}

/** Why a message was not accepted, under it. */
export function refusal({ failureCode, sentStatus }: Message): TemplateResult | typeof nothing {
  return failureCode === undefined || sentStatus !== SentStatus.FAILED ? nothing : html`<p class="refusal">${refusalText(failureCode)}</p>`;
}

import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { ConnectionStatus, NCCode } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { session } from '../session.js';
import { text } from '../texts.js';
import { moment } from '../time.js';

/** Bans that end later than this are told as having no end. */
const FOREVER = Date.UTC(9000, 0);
/** How long a connection may take before the bar shows; most are quicker, and a flash helps nobody. */
const PATIENCE = 900;

/** A bar that tells when there is no connection, and why. Empty, and without height, while all is well. */
export class NuncioConnectionBar extends NuncioElement {
  #late = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: block; }
      .note { border-radius: 0; text-align: center; padding-block: 7px; }
      .spin {
        display: inline-block;
        width: 11px;
        height: 11px;
        margin-inline-end: 6px;
        border: 2px solid currentColor;
        border-inline-start-color: transparent;
        border-radius: 50%;
        vertical-align: -1px;
        animation: turn 0.9s linear infinite;
      }
      @keyframes turn { to { rotate: 360deg; } }
    `,
  ];

  constructor() {
    super();
    this.follows('connection');
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  protected override render(): TemplateResult {
    return html`<div role="status">${this.#bar()}</div>`;
  }

  #bar(): TemplateResult | typeof nothing {
    const { status } = session.connection;
    const waiting = status === ConnectionStatus.CONNECTING || status === ConnectionStatus.SUSPENDED;
    if (!waiting) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#late = false;
      return status === ConnectionStatus.CONNECTED ? nothing : html`<div class="note danger">${stopped()}</div>`;
    }
    this.#timer ??= setTimeout(() => {
      this.#late = true;
      this.requestUpdate();
    }, PATIENCE);
    if (!this.#late) return nothing;
    const line = status === ConnectionStatus.SUSPENDED ? text('connection.lost') : text('connection.connecting');
    return html`<div class="note warning"><span class="spin" aria-hidden="true"></span>${line}</div>`;
  }
}

/** Why there will be no connection by itself. */
function stopped(): string {
  const { code, until, reason } = session.connection;
  switch (code) {
    case NCCode.BANNED:
    case NCCode.BANNED_WHILE_CONNECTED: {
      const end = until === undefined || until > FOREVER ? text('connection.banned.forever') : text('connection.banned', moment(until));
      return reason ? `${end} ${text('connection.reason', reason)}` : end;
    }
    case NCCode.KICKED_BY_NEWER_DEVICE:
      return text('connection.kicked');
    case NCCode.TOKEN_EXPIRED:
      return text('connection.expired');
    case NCCode.TOKEN_INVALID:
      return text('connection.invalid');
    case NCCode.USER_DELETED:
      return text('connection.deleted');
    case NCCode.APP_UNAVAILABLE:
      return text('connection.app');
    default:
      return text('connection.off');
  }
}

import type { TemplateResult } from 'lit';
import { LitElement, css, html } from 'lit';
import { base, controls } from '@nuncio/chatui/theme';

type Kind = 'success' | 'danger';

interface Toast {
  line: string;
  kind: Kind;
}

/** Enough to read two lines; what went wrong stays until it is closed. */
const SHOWN_MS = 6000;
const MOST = 4;
const toasts = new EventTarget();

/** Tells what came of something, to the eye and to screen readers. */
export function say(line: string, kind: Kind = 'success'): void {
  toasts.dispatchEvent(new CustomEvent<Toast>('say', { detail: { line, kind } }));
}

/** Where that is told; one stands in the shell. */
export class ConsoleToasts extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host { position: fixed; z-index: 10; inset: auto 16px 16px auto; display: grid; gap: 8px; width: min(420px, calc(100vw - 32px)); pointer-events: none; }
      .note { display: flex; gap: 8px; align-items: start; box-shadow: var(--nuncio-shadow); pointer-events: auto; }
      .note span { flex: 1; padding: 4px 0; overflow-wrap: anywhere; }
      .button { color: inherit; }
    `,
  ];

  #shown: Toast[] = [];

  readonly #hear = (event: Event): void => {
    const toast = (event as CustomEvent<Toast>).detail;
    this.#shown = [...this.#shown, toast].slice(-MOST);
    if (toast.kind === 'success') setTimeout(() => this.#close(toast), SHOWN_MS);
    this.requestUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    toasts.addEventListener('say', this.#hear);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    toasts.removeEventListener('say', this.#hear);
  }

  #close(toast: Toast): void {
    this.#shown = this.#shown.filter((other) => other !== toast);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const of = (kind: Kind): TemplateResult[] =>
      this.#shown.filter((toast) => toast.kind === kind).map(
        (toast) => html`<div class=${`note ${kind}`}><span>${toast.line}</span>
          <button class="button small quiet" type="button" aria-label="Close this message" @click=${() => this.#close(toast)}>✕</button></div>`,
      );
    return html`<div role="status">${of('success')}</div><div role="alert">${of('danger')}</div>`;
  }
}
customElements.define('console-toasts', ConsoleToasts);

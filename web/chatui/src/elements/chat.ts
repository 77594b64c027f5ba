import type { TemplateResult } from 'lit';
import { css, html } from 'lit';
import { NuncioElement } from '../element.js';

/** The whole chat: channels and conversations side by side, or one after the other on a phone. */
export class NuncioChat extends NuncioElement {
  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: block; height: 100%; background: var(--nuncio-canvas); }
    `,
  ];

  protected override render(): TemplateResult {
    return html`<main></main>`;
  }
}

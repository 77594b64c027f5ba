import type { CSSResultGroup } from 'lit';
import { LitElement } from 'lit';
import { adoptTheme, base, controls } from './theme.js';

/** What all components share: the theme. */
export class NuncioElement extends LitElement {
  /** The theme's ground and its controls. */
  static override styles: CSSResultGroup = [base, controls];

  override connectedCallback(): void {
    adoptTheme(this.ownerDocument);
    super.connectedCallback();
  }
}

import type { CSSResultGroup } from 'lit';
import { LitElement } from 'lit';
import { base, controls } from '@nuncio/chatui/theme';
import { Cancelled, sentence } from './client.js';
import { say } from './parts/toast.js';
import { state } from './state.js';
import { shared } from './style.js';

/** What the console's elements have in common: their looks, and how they do things that may fail. */
export abstract class ConsoleElement extends LitElement {
  static override styles: CSSResultGroup = [base, controls, shared];

  readonly #update = (): void => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    state.addEventListener('change', this.#update);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    state.removeEventListener('change', this.#update);
  }

  /** Does something and says `done`, or why it did not work. Answers whether it did. */
  protected async attempt(action: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await action();
      if (done !== undefined) say(done);
      return true;
    } catch (error) {
      if (!(error instanceof Cancelled)) say(sentence(error), 'danger');
      return false;
    } finally {
      this.requestUpdate();
    }
  }
}


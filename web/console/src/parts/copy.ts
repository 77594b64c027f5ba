import type { TemplateResult } from 'lit';
import { html } from 'lit';
import { say } from './toast.js';

/** A text to take along, and the button for it. */
export function copied(text: string, what: string): TemplateResult {
  return html`<span class="actions"><code class="mono">${text}</code>${copyButton(text, what)}</span>`;
}

/** The button alone. */
export function copyButton(text: string, what: string): TemplateResult {
  return html`<button class="button small" type="button" aria-label=${`Copy ${what}`} @click=${() => void copy(text, what)}>Copy</button>`;
}

async function copy(text: string, what: string): Promise<void> {
  try {
    // Absent where the page did not come over TLS.
    await navigator.clipboard.writeText(text);
    say(`Copied: ${what}`);
  } catch {
    say(`The browser did not let the page copy the ${what}: mark it and copy it by hand.`, 'danger');
  }
}

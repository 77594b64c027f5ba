/**
 * Web components for Nuncio: `<nuncio-chat>` and its parts.
 *
 * @module
 */

import { NuncioChat } from './elements/chat.js';

export { NuncioElement } from './element.js';
export { NuncioChat };
export * from './theme.js';

/** The components by their tags. */
const components = { 'nuncio-chat': NuncioChat } as const;

for (const [tag, component] of Object.entries(components)) {
  if (customElements.get(tag) === undefined) customElements.define(tag, component);
}

declare global {
  interface HTMLElementTagNameMap {
    'nuncio-chat': NuncioChat;
  }
}

/**
 * What stands for an avatar in the console: the initials of the name. The picture itself is not loaded, so that no
 * stranger's server learns when an operator looks.
 *
 * @module
 */

import type { CSSResult, TemplateResult } from 'lit';
import { css, html } from 'lit';

export const initialsStyles: CSSResult = css`
  .named { display: flex; gap: 10px; align-items: center; min-width: 0; }
  .named > div { min-width: 0; }
  @media (min-width: 641px) { .named { min-width: 24ch; } }
  .initials {
    flex: none;
    display: grid;
    place-items: center;
    width: 34px;
    height: 34px;
    border-radius: 50%;
    background: var(--nuncio-selected);
    color: var(--nuncio-accent);
    font-weight: 600;
    font-size: 0.8125rem;
    line-height: 1;
    user-select: none;
  }
`;

/** The first letters of the first and the last word of a name, else of the id. */
export function initialsOf(id: string, name: string): TemplateResult {
  const words = (name.trim() || id).split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return html`<span class="initials" aria-hidden="true">${letters.map((word) => [...(word ?? '')][0] ?? '').join('').toLocaleUpperCase()}</span>`;
}

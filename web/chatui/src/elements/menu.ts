import type { CSSResult, TemplateResult } from 'lit';
import { css, html } from 'lit';

/** One line of a menu. */
export interface MenuItem {
  /** What it says. */
  label: string;
  /** Whether it takes something away. */
  danger?: boolean;
  /** What it does. */
  run: () => void;
}

/** How menus look; one of a component's `styles`. */
export const menuStyles: CSSResult = css`
  .menu {
    inset: auto;
    margin: 0;
    padding: 6px;
    min-width: 170px;
    border: 1px solid var(--nuncio-border);
    border-radius: var(--nuncio-radius);
    background: var(--nuncio-raised);
    color: var(--nuncio-text);
    box-shadow: var(--nuncio-shadow);
  }
  .menu button {
    display: block;
    width: 100%;
    min-height: 38px;
    padding: 0 12px;
    border: 0;
    border-radius: 7px;
    background: none;
    text-align: start;
    cursor: pointer;
  }
  .menu button:hover, .menu button:focus-visible { background: var(--nuncio-sunken); outline: none; }
  .menu button:focus-visible { box-shadow: inset 0 0 0 2px var(--nuncio-accent); }
  .menu button.danger { color: var(--nuncio-danger); }
`;

/** The menu's element; one stands in each component that has menus, and is filled when it opens. */
export function menu(items: readonly MenuItem[], label: string): TemplateResult {
  return html`<div class="menu" popover="auto" role="menu" aria-label=${label} @keydown=${move}>
    ${items.map((item) => html`<button type="button" role="menuitem" class=${item.danger ? 'danger' : ''} @click=${(event: Event) => {
      (event.currentTarget as HTMLElement).closest<HTMLElement>('[popover]')?.hidePopover();
      item.run();
    }}>${item.label}</button>`)}
  </div>`;
}

/** Opens a menu beside what it belongs to, inside the window, with the focus on its first line. */
export function openMenu(root: ShadowRoot, anchor: DOMRect): void {
  const element = root.querySelector<HTMLElement>('.menu');
  if (element === null) return;
  element.showPopover();
  const { width, height } = element.getBoundingClientRect();
  const fits = (at: number, size: number, room: number): number => Math.max(8, Math.min(at, room - size - 8));
  const left = getComputedStyle(element).direction === 'rtl' ? anchor.left : anchor.right - width;
  element.style.left = `${fits(left, width, innerWidth)}px`;
  element.style.top = `${fits(anchor.bottom + 4 + height > innerHeight ? anchor.top - height - 4 : anchor.bottom + 4, height, innerHeight)}px`;
  element.querySelector('button')?.focus();
}

/** Arrow keys, Home and End go from line to line; the popover itself closes by Escape and gives the focus back. */
function move(event: KeyboardEvent): void {
  const lines = [...(event.currentTarget as HTMLElement).querySelectorAll('button')];
  const at = lines.findIndex((line) => line.matches(':focus'));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  lines[(to + lines.length) % lines.length]?.focus();
}

/**
 * How it looks: the theme as CSS custom properties, and the controls that all pages share.
 *
 * Every property is named `--nuncio-…` and can be set anywhere above a component. Colours are pairs, one for light and
 * one for dark; which of them holds follows the device, or the `theme` attribute of a component, or
 * `--nuncio-color-scheme`.
 *
 * @module
 */

import type { CSSResult } from 'lit';
import { css, unsafeCSS } from 'lit';

/** The colours: `[in the light, in the dark]`. Text on its ground has a contrast of at least 4.5 to 1 in both. */
export const colors = {
  /** The ground behind everything. */
  canvas: ['#f4f5f8', '#101216'],
  /** Panes, cards and dialogs. */
  surface: ['#ffffff', '#181b20'],
  /** What floats above: menus, toasts. */
  raised: ['#ffffff', '#23272e'],
  /** Fields, chips, rows under the pointer. */
  sunken: ['#eff1f5', '#23272e'],
  /** The chosen row. */
  selected: ['#e6ebff', '#262f57'],
  /** Hairlines between things. */
  border: ['#e1e4ea', '#2c313a'],
  /** The outline of fields. */
  outline: ['#868e9c', '#717a89'],
  /** Text. */
  text: ['#191c22', '#e9ebef'],
  /** Text of less weight: times, hints, previews. */
  'text-muted': ['#596070', '#a3abb8'],
  /** Links, chosen things, the main button. */
  accent: ['#3450cf', '#97abff'],
  /** Text on `accent`. */
  'on-accent': ['#ffffff', '#0e1433'],
  /** A tint of the accent. */
  'accent-soft': ['#e6ebff', '#262f57'],
  /** The bubble of one's own messages. */
  'bubble-mine': ['#dde5ff', '#2c3a7c'],
  /** Text in it. */
  'on-bubble-mine': ['#161b30', '#eef1ff'],
  /** The bubble of others' messages. */
  'bubble-other': ['#ffffff', '#23272e'],
  /** Text in it. */
  'on-bubble-other': ['#191c22', '#e9ebef'],
  /** What went wrong, and what cannot be taken back. */
  danger: ['#bf2c26', '#ff9b93'],
  /** Text on `danger`. */
  'on-danger': ['#ffffff', '#3b0705'],
  /** A tint of it. */
  'danger-soft': ['#fdebea', '#42211f'],
  /** What deserves a look. */
  warning: ['#7d5200', '#f2c46f'],
  /** A tint of it. */
  'warning-soft': ['#fff3d9', '#3a2e14'],
  /** What is well. */
  success: ['#187645', '#63d49c'],
  /** A tint of it. */
  'success-soft': ['#e2f6eb', '#16341f'],
  /** The dot of somebody who is there. */
  online: ['#1f9d5c', '#4fce8c'],
} as const satisfies Record<string, readonly [string, string]>;

/** Measures and types. */
export const measures = {
  /** Typeface. */
  font: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif",
  /** Typeface of ids and code. */
  'font-mono': "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace",
  /** Size of plain text. */
  'text-size': '0.9375rem',
  /** Size of hints and times. */
  'text-size-small': '0.8125rem',
  /** Size of marks and badges. */
  'text-size-tiny': '0.6875rem',
  /** Size of a pane's title. */
  'text-size-title': '1.0625rem',
  /** Height of a line, as a multiple. */
  'line-height': '1.45',
  /** Corner of small things. */
  'radius-small': '6px',
  /** Corner of buttons, fields and rows. */
  radius: '10px',
  /** Corner of bubbles and cards. */
  'radius-large': '16px',
  /** The grid: paddings and gaps are multiples of it. */
  space: '4px',
  /** Height of a button or field. */
  'control-height': '40px',
  /** Shadow of what floats. */
  shadow: '0 1px 2px rgb(12 18 38 / 0.10), 0 8px 28px rgb(12 18 38 / 0.16)',
  /** Time of small movements. */
  motion: '140ms',
} as const satisfies Record<string, string>;

/** The theme's properties as declarations of a rule. */
function declarations(): string {
  const pairs = Object.entries(colors).map(([name, [light, dark]]) => `  --nuncio-${name}: light-dark(${light}, ${dark});`);
  const single = Object.entries(measures).map(([name, value]) => `  --nuncio-${name}: ${value};`);
  return [...pairs, ...single].join('\n');
}

/** The theme for a page of its own, as in `theme.css`: properties, the page's ground and the controls. */
export function themeSheet(): string {
  return `:where(:root) {
  color-scheme: var(--nuncio-color-scheme, light dark);
${declarations()}
}
:root[data-theme='light'] { --nuncio-color-scheme: light; }
:root[data-theme='dark'] { --nuncio-color-scheme: dark; }
:where(body) {
  margin: 0;
  background: var(--nuncio-canvas);
  color: var(--nuncio-text);
  font: var(--nuncio-text-size) / var(--nuncio-line-height) var(--nuncio-font);
}
${controls.cssText}
`;
}

/** Buttons, fields, badges and notes, by class name. In a component: one of its `styles`. */
export const controls: CSSResult = css`
  .button {
    box-sizing: border-box;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: calc(2 * var(--nuncio-space));
    min-height: var(--nuncio-control-height);
    padding: 0 calc(4 * var(--nuncio-space));
    border: 1px solid transparent;
    border-radius: var(--nuncio-radius);
    background: var(--nuncio-sunken);
    color: var(--nuncio-text);
    font: 600 var(--nuncio-text-size) / 1.2 var(--nuncio-font);
    text-decoration: none;
    cursor: pointer;
    transition: background var(--nuncio-motion), color var(--nuncio-motion), filter var(--nuncio-motion);
  }
  .button:hover { filter: brightness(0.96); }
  .button:active { filter: brightness(0.92); }
  .button:disabled, .button[aria-disabled='true'] { opacity: 0.5; cursor: default; filter: none; }
  .button.primary { background: var(--nuncio-accent); color: var(--nuncio-on-accent); }
  .button.danger { background: var(--nuncio-danger); color: var(--nuncio-on-danger); }
  .button.danger-quiet { background: var(--nuncio-danger-soft); color: var(--nuncio-danger); }
  .button.quiet { background: transparent; color: var(--nuncio-accent); }
  .button.quiet:hover { background: var(--nuncio-sunken); filter: none; }
  .button.small { min-height: 32px; padding: 0 calc(3 * var(--nuncio-space)); font-size: var(--nuncio-text-size-small); }
  .button.icon {
    flex: none;
    width: var(--nuncio-control-height);
    padding: 0;
    background: transparent;
    color: var(--nuncio-text-muted);
  }
  .button.icon:hover:not(:disabled) { background: var(--nuncio-sunken); color: var(--nuncio-text); filter: none; }

  .field { display: grid; gap: calc(1.5 * var(--nuncio-space)); }
  .field > .label { font-weight: 600; font-size: var(--nuncio-text-size-small); }
  .field > .hint { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  .field > .error { color: var(--nuncio-danger); font-size: var(--nuncio-text-size-small); }
  .input {
    box-sizing: border-box;
    width: 100%;
    min-height: var(--nuncio-control-height);
    padding: calc(2 * var(--nuncio-space)) calc(3 * var(--nuncio-space));
    border: 1px solid var(--nuncio-outline);
    border-radius: var(--nuncio-radius);
    background: var(--nuncio-surface);
    color: var(--nuncio-text);
    font: var(--nuncio-text-size) / 1.35 var(--nuncio-font);
  }
  .input::placeholder { color: var(--nuncio-text-muted); opacity: 1; }
  .input[aria-invalid='true'] { border-color: var(--nuncio-danger); }

  .badge {
    box-sizing: border-box;
    display: inline-block;
    min-width: 20px;
    height: 20px;
    padding: 0 6px;
    border-radius: 10px;
    background: var(--nuncio-accent);
    color: var(--nuncio-on-accent);
    font: 700 var(--nuncio-text-size-tiny) / 20px var(--nuncio-font);
    text-align: center;
    font-variant-numeric: tabular-nums;
  }
  .badge.muted { background: var(--nuncio-sunken); color: var(--nuncio-text-muted); }

  .note {
    padding: calc(2.5 * var(--nuncio-space)) calc(3 * var(--nuncio-space));
    border-radius: var(--nuncio-radius);
    background: var(--nuncio-sunken);
    color: var(--nuncio-text);
    font-size: var(--nuncio-text-size-small);
  }
  .note.danger { background: var(--nuncio-danger-soft); color: var(--nuncio-danger); }
  .note.warning { background: var(--nuncio-warning-soft); color: var(--nuncio-warning); }
  .note.success { background: var(--nuncio-success-soft); color: var(--nuncio-success); }

  .button:focus-visible, .input:focus-visible, .focusable:focus-visible {
    outline: 2px solid var(--nuncio-accent);
    outline-offset: 2px;
  }
  .input:focus-visible { outline-offset: 0; border-color: var(--nuncio-accent); }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    padding: 0;
    border: 0;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (pointer: coarse) {
    .button.small { min-height: 40px; }
    .button.icon { width: 44px; min-height: 44px; }
  }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { transition-duration: 0.01ms !important; animation-duration: 0.01ms !important; }
  }
`;

/** What each component begins with: its scheme of colours and its type. */
export const base: CSSResult = css`
  :host {
    color-scheme: var(--nuncio-color-scheme, light dark);
    box-sizing: border-box;
    color: var(--nuncio-text);
    font: var(--nuncio-text-size) / var(--nuncio-line-height) var(--nuncio-font);
    -webkit-text-size-adjust: 100%;
  }
  :host([theme='light']) { --nuncio-color-scheme: light; }
  :host([theme='dark']) { --nuncio-color-scheme: dark; }
  :host([hidden]) { display: none !important; }
  *, *::before, *::after { box-sizing: border-box; }
  h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  button { font: inherit; color: inherit; }
`;

/** Gives a document the theme's properties, at the lowest rank so that everything else may set them; once. */
export function adoptTheme(document: Document): void {
  if (adopted.has(document)) return;
  adopted.add(document);
  const sheet = unsafeCSS(`:where(:root) {\n${declarations()}\n}`).styleSheet;
  if (sheet !== undefined) document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
}
const adopted = new WeakSet<Document>();

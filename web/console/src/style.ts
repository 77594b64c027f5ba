import type { CSSResult } from 'lit';
import { css } from 'lit';

/** What the console's pages have in common beside the theme and its controls. */
export const shared: CSSResult = css`
  :host { display: block; }
  h1 { font-size: 1.375rem; line-height: 1.25; overflow-wrap: anywhere; }
  h2 { font-size: var(--nuncio-text-size-title); }
  h3 { font-size: var(--nuncio-text-size); }
  a { color: var(--nuncio-accent); }
  a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--nuncio-accent); outline-offset: 2px; border-radius: 4px; }
  .page { display: grid; gap: 20px; max-width: 1080px; }
  .page > *, .card > * { min-width: 0; }
  .head { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; }
  .head > .end { margin-inline-start: auto; display: flex; flex-wrap: wrap; gap: 8px; }
  .card {
    display: grid;
    gap: 14px;
    padding: 18px 20px;
    border: 1px solid var(--nuncio-border);
    border-radius: var(--nuncio-radius-large);
    background: var(--nuncio-surface);
  }
  /* On the canvas a button would be hard to see without. */
  .head .button:not(.primary), .page > .actions .button:not(.danger-quiet) { background: var(--nuncio-surface); border-color: var(--nuncio-border); }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
  .muted { color: var(--nuncio-text-muted); }
  .small { font-size: var(--nuncio-text-size-small); }
  .lead { max-width: 70ch; color: var(--nuncio-text-muted); }
  .mono { font-family: var(--nuncio-font-mono); font-size: 0.875em; overflow-wrap: anywhere; }
  .form { display: grid; gap: 14px; max-width: 460px; }
  .form .actions { margin-block-start: 4px; }
  .badges { display: inline-flex; flex-wrap: wrap; gap: 4px; }
  .badge.plain { background: var(--nuncio-sunken); color: var(--nuncio-text); font-weight: 600; }
  .head .badge.plain { background: var(--nuncio-surface); outline: 1px solid var(--nuncio-border); }
  .badge.good { background: var(--nuncio-success-soft); color: var(--nuncio-success); }
  .badge.warn { background: var(--nuncio-warning-soft); color: var(--nuncio-warning); }
  .badge.bad { background: var(--nuncio-danger-soft); color: var(--nuncio-danger); }
  .facts { display: grid; grid-template-columns: minmax(120px, max-content) minmax(0, 1fr); gap: 8px 20px; }
  .facts dt { color: var(--nuncio-text-muted); }
  .facts dd { overflow-wrap: anywhere; }
  .check { display: flex; gap: 10px; align-items: start; }
  .check input { flex: none; width: 20px; height: 20px; margin: 1px 0 0; accent-color: var(--nuncio-accent); }
  .check .hint { display: block; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  @media (max-width: 640px) {
    .facts { grid-template-columns: minmax(0, 1fr); gap: 2px; }
    .facts dd { margin-block-end: 8px; }
    .card { padding: 16px; }
  }
`;

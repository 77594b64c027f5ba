import type { CSSResult } from 'lit';
import { css } from 'lit';

/** How lists of people and conversations look: a head, a form to add to it, rows. */
export const listStyles: CSSResult = css`
  :host { display: flex; flex-direction: column; min-height: 0; background: var(--nuncio-surface); }
  .head { display: flex; align-items: center; gap: 8px; min-height: 56px; padding: 8px 16px; }
  .head h2 { flex: 1; font-size: var(--nuncio-text-size-title); font-weight: 650; }
  form { display: flex; gap: 8px; padding: 0 16px 12px; }
  form .input { min-width: 0; flex: 1; }
  form.column { flex-direction: column; }
  form.column .input { flex: none; }
  .scroll { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 0 8px 8px; }
  .message { padding: 0 16px 12px; }
  .row {
    display: flex;
    align-items: center;
    gap: 12px;
    width: 100%;
    min-height: 60px;
    padding: 8px;
    border: 0;
    border-radius: var(--nuncio-radius);
    background: none;
    text-align: start;
  }
  button.row { cursor: pointer; }
  button.row:hover { background: var(--nuncio-sunken); }
  .row[aria-current='true'], button.row[aria-current='true']:hover { background: var(--nuncio-selected); }
  .row .main { flex: 1; min-width: 0; display: grid; gap: 2px; }
  .row .line { display: flex; align-items: center; gap: 8px; min-width: 0; }
  .row .name { flex: 1; min-width: 0; font-weight: 600; }
  /* A name from right to left keeps its place in a list from left to right. */
  .row .name, .row .sub { text-align: match-parent; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .row .sub { flex: 1; min-width: 0; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  .row .time { flex: none; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-tiny); font-variant-numeric: tabular-nums; }
  .empty { display: grid; gap: 4px; padding: 40px 24px; text-align: center; color: var(--nuncio-text-muted); }
  .empty strong { color: var(--nuncio-text); }
`;

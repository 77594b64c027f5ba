import type { CSSResult, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

export interface Column<T> {
  title: string;
  cell: (row: T) => unknown;
}

/** How tables look; on a phone each row is a card. */
export const tableStyles: CSSResult = css`
  table { width: 100%; border-collapse: collapse; font-size: var(--nuncio-text-size); }
  caption { text-align: start; }
  thead th { padding: 8px 12px; text-align: start; font-size: var(--nuncio-text-size-small); color: var(--nuncio-text-muted); white-space: nowrap; }
  tbody th, td { padding: 10px 12px; text-align: start; vertical-align: top; font-weight: inherit; overflow-wrap: anywhere; min-width: 11ch; }
  tbody tr { border-block-start: 1px solid var(--nuncio-border); }
  tbody th { font-weight: 600; }
  tbody th:has(> time) { font-weight: inherit; }
  /* Narrower than that, short words would break before long ones do. */
  time, .whole, .badge, td .button, summary:has(> .whole) { white-space: nowrap; }
  .none { padding: 12px; color: var(--nuncio-text-muted); }
  @media (max-width: 640px) {
    table, tbody, tr, tbody th, td { display: block; min-width: 0; }
    .whole, summary:has(> .whole) { white-space: normal; }
    thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    tbody tr { padding: 10px 0; }
    tbody th, td { padding: 3px 0; }
    td[data-title]:not([data-title='']) { display: grid; grid-template-columns: 38% minmax(0, 1fr); gap: 8px; }
    td[data-title]:not([data-title=''])::before { content: attr(data-title); color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  }
`;

/** A table, of which the first column names the row. */
export function table<T>(label: string, columns: readonly Column<T>[], rows: readonly T[], key: (row: T) => unknown, none: string): TemplateResult {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  return html`<table>
    <caption class="visually-hidden">${label}</caption>
    <thead><tr>${columns.map(({ title }) => html`<th scope="col">${title === '' ? html`<span class="visually-hidden">Actions</span>` : title}</th>`)}</tr></thead>
    <tbody>${repeat(rows, key, (row) => html`<tr>${columns.map(({ title, cell }, at) =>
      at === 0 ? html`<th scope="row">${cell(row)}</th>` : html`<td data-title=${title}><div>${cell(row)}</div></td>`)}</tr>`)}</tbody>
  </table>`;
}

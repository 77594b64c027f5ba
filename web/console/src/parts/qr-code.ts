import type { TemplateResult } from 'lit';
import { html, svg } from 'lit';

/** Draws a QR code of its rows of `0` and `1`; dark on light in any theme, as scanners want it. */
export function qrCode(rows: readonly string[], label: string): TemplateResult {
  const quiet = 4;
  const size = rows.length + 2 * quiet;
  const squares = rows.flatMap((row, y) => [...row].map((dot, x) => (dot === '1' ? `M${x + quiet} ${y + quiet}h1v1h-1z` : '')));
  return html`<svg role="img" aria-label=${label} viewBox=${`0 0 ${size} ${size}`} width="200" height="200" shape-rendering="crispEdges">
    ${svg`<rect width=${size} height=${size} fill="#fff"/><path d=${squares.join('')} fill="#000"/>`}</svg>`;
}

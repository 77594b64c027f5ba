import type { SVGTemplateResult, TemplateResult } from 'lit';
import { html, svg } from 'lit';

function icon(paths: SVGTemplateResult, flips = false): TemplateResult {
  return html`<svg class=${flips ? 'icon flips' : 'icon'} viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;
}

/** The drawings of the components, each one line thick and of the text's colour. */
export const icons = {
  chats: icon(svg`<path d="M4 5.5h16v11H10l-4.5 3.5v-3.5H4z"/>`),
  friends: icon(svg`<circle cx="9" cy="8.5" r="3.2"/><path d="M3 19c.5-3.4 2.8-5.2 6-5.2s5.5 1.8 6 5.200M15.5 5.600a3.2 3.2 0 0 1 0 5.800M17.5 14.200c2 .7 3.2 2.3 3.5 4.8"/>`),
  requests: icon(svg`<circle cx="10" cy="8.5" r="3.2"/><path d="M4 19c.5-3.4 2.8-5.2 6-5.2 1.5 0 2.8.4 3.8 1.100M18 14v6M15 17h6"/>`),
  blocked: icon(svg`<circle cx="12" cy="12" r="8"/><path d="M6.5 6.500l11 11"/>`),
  groups: icon(svg`<circle cx="12" cy="8" r="3"/><circle cx="5" cy="10.5" r="2.200"/><circle cx="19" cy="10.5" r="2.200"/><path d="M6.5 19c.5-3.200 2.500-4.800 5.500-4.800s5 1.600 5.500 4.800M2 17c.3-1.900 1.400-2.900 3-2.900M22 17c-.3-1.900-1.400-2.900-3-2.900"/>`),
  star: icon(svg`<path d="M12 4.500l2.300 4.900 5.200.7-3.800 3.700.9 5.300-4.600-2.600-4.600 2.600.9-5.300-3.800-3.700 5.200-.7z"/>`),
  me: icon(svg`<circle cx="12" cy="9" r="3.6"/><path d="M5 20c.7-3.9 3.2-5.8 7-5.800s6.3 1.9 7 5.8"/>`),
  back: icon(svg`<path d="M14.5 5.500L8 12l6.5 6.5"/>`, true),
  send: icon(svg`<path d="M4.5 12L20 4.5 15.5 20l-3.7-6.300zM11.8 13.700L20 4.5"/>`, true),
  attach: icon(svg`<path d="M19 11.500l-7.2 7.200a4.6 4.6 0 0 1-6.5-6.500l7.6-7.600a3 3 0 0 1 4.3 4.300l-7.5 7.500a1.5 1.5 0 0 1-2.1-2.100l6.7-6.7"/>`),
  more: icon(svg`<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="2.6"/>`),
  down: icon(svg`<path d="M6 9.500l6 6 6-6"/>`),
  close: icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
  pin: icon(svg`<path d="M9 4h6l-1 6 3 3H7l3-3zM12 13v7"/>`),
  muted: icon(svg`<path d="M6.5 16.500h11l-1.5-2.200V10a4 4 0 0 0-6.5-3.100M8 10v4.300l-1.5 2.200M10.5 19h3M5 4.500l14 15"/>`),
  failed: icon(svg`<circle cx="12" cy="12" r="8"/><path d="M12 8v5M12 16h.01"/>`),
  sent: icon(svg`<path d="M6 12.500l4 4 8-9"/>`),
  read: icon(svg`<path d="M2.5 12.500l4 4 8-9M11 15.500l1.2 1.200L20.5 7.5"/>`),
  sending: icon(svg`<circle cx="12" cy="12" r="7.5"/><path d="M12 8v4.300l2.5 1.6"/>`),
  edit: icon(svg`<path d="M5 19l1-4L16 5l3 3L9 18zM14 7l3 3"/>`),
  tag: icon(svg`<path d="M4 5h7.500l8.500 8.500-6.500 6.500L4 12.500zM8 9h.01"/>`),
  file: icon(svg`<path d="M7 3.500h7l4 4v13H7zM14 3.500v4h4"/>`),
} as const;

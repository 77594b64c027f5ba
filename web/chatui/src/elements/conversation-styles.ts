import type { CSSResult } from 'lit';
import { css } from 'lit';

/** How a conversation looks. */
export const conversationStyles: CSSResult = css`
  :host { display: flex; flex-direction: column; min-height: 0; min-width: 0; background: var(--nuncio-canvas); }
  header {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 60px;
    padding: 6px 12px;
    border-block-end: 1px solid var(--nuncio-border);
    background: var(--nuncio-surface);
  }
  .icon.flips:dir(rtl) { scale: -1 1; }
  .who { flex: 1; min-width: 0; display: flex; align-items: center; gap: 12px; padding: 4px; border: 0; border-radius: var(--nuncio-radius); background: none; text-align: start; cursor: pointer; }
  .names { display: grid; min-width: 0; }
  .names .name { text-align: match-parent; font-weight: 650; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; line-height: 1.3; }
  .state { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); line-height: 1.3; }
  .state.typing { color: var(--nuncio-accent); }
  .body { position: relative; flex: 1; min-height: 0; }
  .scroll { height: 100%; overflow-y: auto; overscroll-behavior: contain; overflow-anchor: none; padding: 12px 16px; }
  .scroll:focus-visible { outline-offset: -2px; }
  .begin { min-height: 28px; text-align: center; color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  .empty, .nobody { display: grid; place-content: center; justify-items: center; gap: 8px; height: 100%; color: var(--nuncio-text-muted); }
  .nobody svg { width: 40px; height: 40px; opacity: 0.6; }
  .entry { display: flow-root; }
  .day { display: flex; justify-content: center; padding: 14px 0 10px; }
  .day span, .notice { padding: 3px 12px; border-radius: 12px; background: var(--nuncio-sunken); color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
  .notice { width: fit-content; max-width: 90%; margin: 6px auto; text-align: center; overflow-wrap: anywhere; }
  .said { --avatar-size: 32px; display: flex; align-items: end; gap: 8px; padding-block: 2px; }
  .said.first { padding-block-start: 8px; }
  .said.mine { justify-content: end; }
  .side { flex: none; width: 32px; align-self: end; margin-block-end: 20px; }
  .stack { display: grid; gap: 3px; justify-items: start; min-width: 0; max-width: min(82%, 36rem); }
  .mine .stack { justify-items: end; text-align: start; }
  .beside { display: flex; align-items: center; gap: 2px; max-width: 100%; }
  .beside .bubble { min-width: 0; }
  .mine .beside { flex-direction: row-reverse; }
  .beside .more { opacity: 0; width: 32px; min-height: 32px; }
  .said:hover .more, .more:focus-visible { opacity: 1; }
  .silence { padding: 8px 12px 0; background: var(--nuncio-surface); }
  .silence .note { text-align: center; }
  .newest {
    position: absolute;
    inset-block-end: 14px;
    inset-inline-end: 18px;
    width: 40px;
    padding: 0;
    border-radius: 50%;
    border-color: var(--nuncio-border);
    background: var(--nuncio-raised);
    box-shadow: var(--nuncio-shadow);
  }
  @media (hover: none) { .beside .more { opacity: 0.7; } }
`;

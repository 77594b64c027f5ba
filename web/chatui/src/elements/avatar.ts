import type { CSSResult, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import { session } from '../session.js';
import { text } from '../texts.js';
import { userInfo } from '../user-info.js';

/** How avatars look; one of a component's `styles`. */
export const avatarStyles: CSSResult = css`
  .avatar {
    position: relative;
    flex: none;
    display: grid;
    place-items: center;
    width: var(--avatar-size, 40px);
    height: var(--avatar-size, 40px);
    border-radius: 50%;
    font-weight: 600;
    font-size: calc(var(--avatar-size, 40px) * 0.38);
    line-height: 1;
    user-select: none;
  }
  .avatar img { position: absolute; inset: 0; width: 100%; height: 100%; border-radius: 50%; object-fit: cover; }
  .avatar .dot {
    position: absolute;
    inset-inline-end: -1px;
    inset-block-end: -1px;
    width: 12px;
    height: 12px;
    border: 2px solid var(--nuncio-surface);
    border-radius: 50%;
    background: var(--nuncio-online);
  }
  .avatar.mosaic { display: flex; flex-wrap: wrap; place-content: center; overflow: hidden; border-radius: 28%; background: var(--nuncio-sunken); }
  .avatar.mosaic .avatar { --avatar-size: calc(var(--mosaic-size) * 0.5); width: 50%; height: 50%; border-radius: 0; font-size: calc(var(--mosaic-size) * 0.2); }
  .avatar.mosaic .avatar:only-child { width: 100%; height: 100%; font-size: calc(var(--mosaic-size) * 0.38); }
  .avatar.mosaic .avatar:first-child:nth-last-child(2), .avatar.mosaic .avatar:nth-child(2):last-child { height: 100%; }
  .avatar.mosaic .avatar:nth-child(3):last-child { width: 100%; }
  .avatar.mosaic img { border-radius: 0; }
  .avatar.square, .avatar.square img { border-radius: 28%; }
  .avatar.mosaic, .avatar.square { --mosaic-size: var(--avatar-size, 40px); }
  .avatar.hue-0 { background: light-dark(#dbe3ff, #2d3a6e); color: light-dark(#243b9c, #c9d4ff); }
  .avatar.hue-1 { background: light-dark(#d6f0e2, #1d4a35); color: light-dark(#0d5c37, #aee6c8); }
  .avatar.hue-2 { background: light-dark(#ffe4cf, #573418); color: light-dark(#8a4209, #ffcda3); }
  .avatar.hue-3 { background: light-dark(#f6dcf1, #502a4a); color: light-dark(#852272, #f0bfe5); }
  .avatar.hue-4 { background: light-dark(#d5edf5, #1b4552); color: light-dark(#0c5a70, #a9dded); }
  .avatar.hue-5 { background: light-dark(#f3ebc4, #474016); color: light-dark(#665700, #e5da98); }
`;

/** A user's picture, or the initials of their name in the group; with a dot when they are online, if `presence`. */
export function avatar(userId: string, presence = false, groupId = ''): TemplateResult {
  const online = presence && session.isOnline(userId);
  return html`<span class="avatar hue-${hue(userId)}">
    ${picture(userInfo.displayName(userId, groupId), userInfo.avatar(userId, groupId))}
    ${online ? html`<span class="dot" role="img" aria-label=${text('online')}></span>` : nothing}
  </span>`;
}

/** A group's picture; without one, its first members' together; without those, the initials of its name. */
export function groupAvatar(groupId: string): TemplateResult {
  const url = userInfo.groupAvatar(groupId);
  const faces = url === undefined ? userInfo.faces(groupId) : [];
  if (faces.length > 1) return html`<span class="avatar mosaic">${faces.map((userId) => avatar(userId, false, groupId))}</span>`;
  return html`<span class="avatar square hue-${hue(groupId)}">${picture(userInfo.groupName(groupId), url)}</span>`;
}

function picture(name: string, url: string | undefined): TemplateResult {
  return html`<span aria-hidden="true">${initials(name)}</span>
    ${url === undefined ? nothing : html`<img src=${url} alt="" loading="lazy" referrerpolicy="no-referrer" @error=${hide} @load=${show} />`}`;
}

function hide(event: Event): void {
  (event.target as HTMLElement).hidden = true;
}

function show(event: Event): void {
  (event.target as HTMLElement).hidden = false;
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => [...(word ?? '')][0] ?? '').join('').toLocaleUpperCase();
}

function hue(userId: string): number {
  let sum = 0;
  for (const char of userId) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return sum % 6;
}

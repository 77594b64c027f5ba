/**
 * What the page and the service worker of notifications tell each other.
 *
 * @module
 */

/** What a notification is about, as the server sends it in `data`. */
export interface PushedData {
  /** 1 a direct channel, 3 a group. */
  channelType: number;
  /** The other user, or the group. */
  channelId: string;
  /** The message that the notification shows. */
  messageId: string;
  /** Who sent it. */
  senderId?: string;
  /** What the sender's app added for notifications. */
  pushData?: string;
}

/** A notification was opened; sent by the service worker to the page. */
export interface OpenedNote {
  nuncioPushOpened: PushedData;
}

/** The member of a page's address that tells a new page which notification opened it. */
export const OPENED_PARAMETER = 'nuncio-push';

/** The member of the service worker's address that says which page to open. */
export const PAGE_PARAMETER = 'page';

/** Reads what a notification is about; `undefined` when it is not one of the server's. */
export function pushedData(value: unknown): PushedData | undefined {
  const { channelType: type, channelId, messageId, senderId, pushData } = (value ?? {}) as Record<string, unknown>;
  // All values travel as texts, which is what some providers want.
  const channelType = Number(type);
  if (!Number.isInteger(channelType) || channelType <= 0 || typeof channelId !== 'string' || channelId === '') return undefined;
  return {
    channelType,
    channelId,
    messageId: typeof messageId === 'string' ? messageId : '',
    ...(typeof senderId === 'string' ? { senderId } : {}),
    ...(typeof pushData === 'string' ? { pushData } : {}),
  };
}

/** What is known of a user to call them by; what is not is left out or empty. */
export interface KnownNames {
  /** Who. */
  userId: string;
  /** What they are called in the group in question. */
  nickname?: string | undefined;
  /** What the current user calls them. */
  remark?: string | undefined;
  /** The name of their profile; of members and friends without one, the service gives the push identity's. */
  name?: string | undefined;
  /** The name of their push identity. */
  identityName?: string | undefined;
}

/** The name to show for a user: in the group, else the user's own for them, else the profile's, else the push identity's, else the id. */
export function shownName({ userId, nickname, remark, name, identityName }: KnownNames): string {
  return nickname || remark || name || identityName || userId;
}

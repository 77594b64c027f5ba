import { html, nothing } from 'lit';
import type { App, User } from '../api.js';
import { call } from '../client.js';
import { dialog } from '../parts/dialog.js';
import { checkField, choiceField, textField, textOf } from '../parts/fields.js';
import { say } from '../parts/toast.js';
import { register } from './users.js';

export interface Action {
  label: string;
  danger?: boolean;
  run: () => Promise<void>;
}

/** Minutes, as the API takes them; -1: until unbanned. */
const BANS = [['10', '10 minutes'], ['60', '1 hour'], ['1440', '1 day'], ['10080', '7 days'], ['43200', '30 days'], ['-1', 'Until unbanned'], ['other', 'Another number of minutes']] as const;

/** What can be done with a user as it is now. `changed` is told when something was done, `gone` when the user is no more. */
export function actionsOn(app: App, user: User, changed: () => void, gone: () => void): Action[] {
  const request = { appKey: app.appKey, userIds: [user.userId] };
  const who = user.shownName === '' || user.shownName === user.userId ? user.userId : `${user.shownName} (${user.userId})`;
  /** An action that is asked about first. */
  const asked = (label: string, title: string, line: string, done: string, run: () => Promise<unknown>, danger = false): Action => ({
    label,
    danger,
    run: async () => {
      if (!(await dialog({ title, body: () => html`<p>${line}</p>`, action: label, danger, run }))) return;
      say(done);
      changed();
    },
  });

  const token: Action = {
    label: 'Issue a token',
    run: async () => {
      if (await register(app.appKey, user)) changed();
    },
  };
  const remove: Action = {
    label: 'Delete for good',
    danger: true,
    run: async () => {
      const done = await dialog({
        title: `Delete ${who} for good?`,
        body: () => html`<p>All that is the user's goes, and there is no way back. It frees a place of the app's limit at once.</p>`,
        action: 'Delete for good',
        danger: true,
        run: () => call('users/delete', request),
      });
      if (!done) return;
      say(`${who} is deleted.`);
      gone();
    },
  };
  const deletion = app.environment === 'development' ? [remove] : [];
  if (user.softDeleted) {
    return [asked('Restore', `Restore ${who}?`, 'The id can be used again, with a new token. The data that went with the soft deletion does not come back.', 'The user is being restored.', () => call('users/restore', request)), ...deletion];
  }
  return [
    token,
    asked('Expire tokens', `Expire the tokens of ${who}?`, 'All tokens issued until now are void. The user needs a new one from your app\'s server.', 'All tokens until now are void.', () => call('users/expire-tokens', request)),
    user.muted
      ? asked('Unmute', `Unmute ${who}?`, 'The user may send direct messages again.', 'The user is unmuted.', () => call('users/set-muted', { ...request, muted: false }))
      : asked('Mute', `Mute ${who}?`, 'The user stays connected and reads on, and may not send direct messages.', 'The user is muted.', () => call('users/set-muted', { ...request, muted: true })),
    ...(user.devices.length === 0
      ? []
      : [asked('Disconnect all', `Disconnect all devices of ${who}?`, 'All connections close. With a token that is good a device can connect again.', 'All connections are closed.', () => call('users/disconnect', { appKey: app.appKey, userId: user.userId }))]),
    user.ban === null
      ? { label: 'Ban', danger: true, run: () => ban(request, who, changed) }
      : asked('Unban', `Unban ${who}?`, 'The user can connect again at once.', 'The user is unbanned.', () => call('users/unban', request)),
    asked('Soft-delete', `Soft-delete ${who}?`, 'The user cannot connect, and nobody can write to the user. Profile, friendships, lists, tags and waiting messages go for good: restoring gives the id back, not the data.', 'The user is being soft-deleted.', () => call('users/soft-delete', request), true),
    ...deletion,
  ];
}

async function ban(request: { appKey: string; userIds: string[] }, who: string, changed: () => void): Promise<void> {
  let duration = '60';
  const done = await dialog({
    title: `Ban ${who}?`,
    body: () => html`<p class="muted">All connections of the user close, and no new one begins until the ban is over.</p>
      ${choiceField({ name: 'duration', label: 'For how long', value: duration, options: BANS, change: (value) => (duration = value) })}
      ${duration === 'other' ? textField({ name: 'minutes', label: 'Minutes', type: 'number', min: 1, max: 43_200, required: true }) : nothing}
      ${textField({ name: 'reason', label: 'Reason', maxlength: 256, hint: 'The user\'s app is told it.' })}
      ${checkField({ name: 'expire', label: 'Expire the tokens too', hint: 'After the ban the user needs a new one.' })}`,
    action: 'Ban',
    danger: true,
    run: (form) => {
      const reason = textOf(form, 'reason');
      const durationMinutes = Number(duration === 'other' ? textOf(form, 'minutes') : duration);
      return call('users/ban', { ...request, durationMinutes, expireTokens: form.has('expire'), ...(reason === '' ? {} : { reason }) });
    },
  });
  if (!done) return;
  say('The user is banned.');
  changed();
}

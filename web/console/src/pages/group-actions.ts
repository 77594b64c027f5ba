import { html, nothing } from 'lit';
import type { App, Group, GroupMember } from '../api.js';
import { call } from '../client.js';
import { dialog } from '../parts/dialog.js';
import { choiceField, textField, textOf } from '../parts/fields.js';
import { say } from '../parts/toast.js';
import type { Action } from './user-actions.js';

/** Minutes, as the API takes them; 0: until unmuted. */
const MUTES = [['10', '10 minutes'], ['60', '1 hour'], ['1440', '1 day'], ['10080', '7 days'], ['43200', '30 days'], ['0', 'Until unmuted'], ['other', 'Another number of minutes']] as const;

/** What can be done with a group as it is now. `changed` is told when something was done, `gone` when the group is no more. */
export function actionsOnGroup({ appKey }: App, group: Group, changed: () => void, gone: () => void): Action[] {
  const { groupId, name, frozen } = group;
  const request = { appKey, groupId };
  return [
    {
      label: frozen ? 'Unfreeze' : 'Freeze',
      run: async () => {
        const done = await dialog({
          title: frozen ? `Unfreeze “${name}”?` : `Freeze “${name}”?`,
          body: () => html`<p>${frozen ? 'All members who are not muted may speak again.' : 'Members read on, and nobody may speak but those in the list of allowed senders: neither owner nor admins.'}</p>`,
          action: frozen ? 'Unfreeze' : 'Freeze',
          run: () => call('groups/set-frozen', { ...request, frozen: !frozen }),
        });
        if (!done) return;
        say(frozen ? 'The group is unfrozen.' : 'The group is frozen.');
        changed();
      },
    },
    {
      label: 'Dismiss',
      danger: true,
      run: async () => {
        const done = await dialog({
          title: `Dismiss “${name}”?`,
          body: () => html`<p class="note danger">Nobody is a member any more, and mutes and permissions go. There is no way back.</p>`,
          action: 'Dismiss',
          danger: true,
          run: () => call('groups/dismiss', request),
        });
        if (!done) return;
        say(`“${name}” is dismissed.`);
        gone();
      },
    },
  ];
}

/** What can be done about a member. */
export function actionsOnMember({ appKey }: App, groupId: string, member: GroupMember, changed: () => void): Action[] {
  const { name, userId, role, muted } = member;
  const request = { appKey, groupId, userIds: [userId] };
  const who = name === userId ? userId : `${name} (${userId})`;
  const mute: Action = muted === null
    ? { label: 'Mute', run: () => muteFor(request, who, changed) }
    : {
        label: 'Unmute',
        run: async () => {
          const run = (): Promise<unknown> => call('groups/unmute', request);
          const body = (): unknown => html`<p>The member may speak in the group again.${member.mutedInAllGroups === null ? nothing : ' A mute in all groups stays.'}</p>`;
          if (!(await dialog({ title: `Unmute ${who}?`, body, action: 'Unmute', run }))) return;
          say(`${name} is unmuted.`);
          changed();
        },
      };
  const remove: Action = {
    label: 'Remove',
    danger: true,
    run: async () => {
      const done = await dialog({
        title: `Remove ${who} from the group?`,
        body: () => html`<p>The user is no member any more; a mute in the group goes too. Who may join by themselves can come back.</p>`,
        action: 'Remove',
        danger: true,
        run: () => call('groups/kick', request),
      });
      if (!done) return;
      say(`${name} is removed.`);
      changed();
    },
  };
  // A group has an owner until it is dismissed.
  return role === 'owner' ? [mute] : [mute, remove];
}

async function muteFor(request: { appKey: string; groupId: string; userIds: string[] }, who: string, changed: () => void): Promise<void> {
  let duration = '60';
  const done = await dialog({
    title: `Mute ${who} in the group?`,
    body: () => html`<p class="muted">The member reads on, and may not speak in this group.</p>
      ${choiceField({ name: 'duration', label: 'For how long', value: duration, options: MUTES, change: (value) => (duration = value) })}
      ${duration === 'other' ? textField({ name: 'minutes', label: 'Minutes', type: 'number', min: 1, max: 43_200, required: true }) : nothing}`,
    action: 'Mute',
    run: (form) => call('groups/mute', { ...request, durationMinutes: Number(duration === 'other' ? textOf(form, 'minutes') : duration) }),
  });
  if (!done) return;
  say('The member is muted.');
  changed();
}

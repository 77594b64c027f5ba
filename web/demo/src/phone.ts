/** One phone: the Chat UI of one user, in a frame of its own. `phone.html?user=alice`. */

import { ConnectionStatus, NCCode, NCEngine } from '@nuncio/chat';
import '@nuncio/chatui';
import { appKeys, token } from './app-server.js';
import type { Person, PhoneOrder } from './people.js';
import { isPerson, otherThan, people } from './people.js';

async function start(user: Person): Promise<void> {
  document.title = `${people[user]}'s phone`;
  const { appKey } = await appKeys();
  NCEngine.initialize({ appKey, naviServer: location.origin, worker: 'page', tokenProvider: () => token(user, people[user]) });
  const chat = document.createElement('nuncio-chat');
  chat.open = otherThan(user);
  document.body.append(chat);
  await signIn(user);
  await introduce(user);
  window.addEventListener('message', ({ origin, data }: MessageEvent<PhoneOrder>) => {
    if (origin !== location.origin) return;
    if (data === 'offline') void NCEngine.disconnect();
    if ((data === 'online' || data === 'sign-in') && NCEngine.getConnectionStatus() !== ConnectionStatus.CONNECTED) void signIn(user);
  });
}

async function signIn(user: Person): Promise<void> {
  const result = await NCEngine.connect({ token: await token(user, people[user]), userId: user });
  if (!result.isOk && result.code !== NCCode.ALREADY_CONNECTED) console.info(`${user}: ${result.code} ${result.msg ?? ''}`);
}

/** Without a profile nobody would see a name; what was chosen later stays. */
async function introduce(user: Person): Promise<void> {
  const profile = await NCEngine.userModule.getMyUserProfile();
  if (profile.isOk && !profile.data?.name) await NCEngine.userModule.updateMyUserProfile({ name: people[user] });
}

const user = new URLSearchParams(location.search).get('user') ?? '';
if (isPerson(user)) start(user).catch((error: unknown) => document.body.append(String(error)));
else document.body.append(`There is no phone of ${user}. Open the demo itself.`);

/** A page with the whole Chat UI, for the tests: `?server=…&key=…&token=…&user=…`. */
import * as chat from '@nuncio/chat';
import * as chatui from '../../src/index.js';

const params = new URLSearchParams(location.search);
const of = (name: string): string => params.get(name) ?? '';

document.documentElement.lang = of('lang') || 'en';
if (of('theme')) document.documentElement.dataset['theme'] = of('theme');
Object.assign(window, { chat, chatui });
chat.NCEngine.initialize({ appKey: of('key'), naviServer: of('server'), worker: 'page', reconnect: { initialDelayMs: 100, maxDelayMs: 500 } });
const page = document.createElement('nuncio-chat');
page.pushWorker = of('push') || undefined;
document.body.append(page);
void chat.NCEngine.connect({ token: of('token'), userId: of('user') });

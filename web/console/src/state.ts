/**
 * What the pages share: who is signed in, and the apps that this operator sees.
 *
 * @module
 */

import type { App, Role, Session } from './api.js';
import { CallError, call, hooks } from './client.js';

const RANKS: readonly Role[] = ['viewer', 'support', 'developer', 'owner'];

/** Tells by `change` that something is another now. */
class State extends EventTarget {
  /** `undefined`: not known yet; `null`: nobody is signed in. */
  session: Session | null | undefined;
  apps: App[] = [];

  /** Looks who is signed in. */
  async start(): Promise<void> {
    try {
      await this.enter(await call('session/get', {}));
    } catch (error) {
      if (!(error instanceof CallError && error.is('NOT_SIGNED_IN'))) throw error;
    }
  }

  /** Goes on with a session that has begun. */
  async enter(session: Session): Promise<void> {
    const { apps } = await call('apps/list', {});
    this.apps = apps;
    this.renew(session);
  }

  /** What is true of the session now. */
  renew(session: Session | null): void {
    this.session = session;
    if (session === null) this.apps = [];
    this.#changed();
  }

  /** Puts an app's new state in. */
  put(app: App): void {
    const others = this.apps.filter(({ appKey }) => appKey !== app.appKey);
    this.apps = [...others, app].sort((a, b) => a.createdAt - b.createdAt);
    this.#changed();
  }

  /** An app is no more. */
  drop({ appKey }: App): void {
    this.apps = this.apps.filter((app) => app.appKey !== appKey);
    this.#changed();
  }

  app(appKey: string | undefined): App | undefined {
    return this.apps.find((app) => app.appKey === appKey);
  }

  /** Whether the operator owns all apps, and so the console. */
  get ownsAll(): boolean {
    return this.session?.grants.some(({ appKey, role }) => appKey === null && role === 'owner') ?? false;
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

export const state = new State();

/** Whether the operator's role on an app is enough. The server looks for itself; this is for what to show. */
export const may = (app: App, needed: Role): boolean => RANKS.indexOf(app.role) >= RANKS.indexOf(needed);

hooks.signedOut = () => state.renew(null);

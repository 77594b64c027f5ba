import { client } from './client.js';
import type { IPluginGenerator } from './engine.js';

/**
 * Installs a plugin, after `NCEngine.initialize`.
 *
 * @returns what the plugin's `setup` made, or `null` when it cannot work here
 */
export function __install__<T, O>(plugin: IPluginGenerator<T, O>, options: O): T | null {
  const runtime = { tag: 'document' in globalThis ? 'browser' : 'node' };
  if (!plugin.verify(runtime)) return null;
  return plugin.setup(client.plug(), runtime, options);
}

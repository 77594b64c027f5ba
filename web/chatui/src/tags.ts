/**
 * The tags by which the current user sorts conversations, and which conversations are under them, on all of the user's devices.
 *
 * @module
 */

import type { ChannelTagInfo } from '@nuncio/chat';
import { BaseChannel, DirectChannel, GroupChannel, NCEngine, TagHandler } from '@nuncio/chat';
import { groupIdOf, keyOf } from './conversation-key.js';
import { succeed } from './failure.js';

const HANDLER = 'nuncio-chatui-tags';
/** Characters of a tag's id, as many as the service takes. */
const ID_LENGTH = 10;
/** Characters that a tag's name has at most. */
export const TAG_NAME = 15;
/** Tags that a user has at most. */
export const TAGS = 20;

/** See the module. Fires `change` when anything here is different. */
export class Tags extends EventTarget {
  /** The user's tags, the oldest first; `undefined` until they are known. */
  all: ChannelTagInfo[] | undefined;
  #tagged = new Map<string, ReadonlySet<string>>();
  #reading: Promise<void> | undefined;
  #again = false;

  /** Begins to listen to the engine. */
  listen(): void {
    NCEngine.addTagHandler(HANDLER, new TagHandler({ onTagChanged: () => void this.read(), onChannelTagChanged: () => void this.read() }));
  }

  /** Forgets what another user's tags were. */
  forget(): void {
    this.all = undefined;
    this.#tagged = new Map();
    this.#tell();
  }

  /** Whether a conversation is under a tag. */
  has(tagId: string, key: string): boolean {
    return this.#tagged.get(tagId)?.has(key) ?? false;
  }

  /** Makes a tag. */
  async make(tagName: string): Promise<void> {
    await this.#set(() => BaseChannel.setChannelTags([{ tagId: newId(), tagName }]));
  }

  /** Gives a tag another name. */
  async rename(tagId: string, tagName: string): Promise<void> {
    await this.#set(() => BaseChannel.setChannelTags([{ tagId, tagName }]));
  }

  /** Ends a tag; the conversations stay. */
  async remove(tagId: string): Promise<void> {
    await this.#set(() => BaseChannel.removeChannelTags([tagId]));
  }

  /** Puts a conversation under a tag, or takes it from under it. */
  async put(key: string, tagId: string, under: boolean): Promise<void> {
    const groupId = groupIdOf(key);
    const channel = groupId === '' ? new DirectChannel(key) : new GroupChannel(groupId);
    await this.#set(() => (under ? channel.addTags([tagId]) : channel.deleteTags([tagId])));
  }

  async #set(change: () => Promise<{ isOk: boolean; code: number }>): Promise<void> {
    await succeed<unknown>(change());
    await this.read();
  }

  /** Reads all of it anew; asked again meanwhile, once more afterwards, so that the last change is seen. */
  read(): Promise<void> {
    this.#again = this.#reading !== undefined;
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    do {
      this.#again = false;
      const user = NCEngine.getCurrentUserId();
      const all = await BaseChannel.getChannelTags();
      if (!all.isOk) return;
      const found = await Promise.all((all.data ?? []).map(async ({ tagId }) => [tagId, await BaseChannel.getTaggedChannels(tagId)] as const));
      // Somebody else has signed in meanwhile.
      if (user !== NCEngine.getCurrentUserId()) return;
      this.all = all.data ?? [];
      this.#tagged = new Map(found.map(([tagId, channels]) => [tagId, new Set((channels.data ?? []).map(keyOf))]));
      this.#tell();
    } while (this.#again);
  }

  #tell(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** Nobody sees it; it only has to be another one each time. */
function newId(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_LENGTH)), (byte) => letters[byte % letters.length]).join('');
}

/** The tags of this page's user. */
export const tags: Tags = new Tags();

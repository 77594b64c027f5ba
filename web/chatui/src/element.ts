import type { CSSResultGroup, ReactiveController, ReactiveControllerHost } from 'lit';
import { LitElement } from 'lit';
import { ChatError } from './failure.js';
import { groups } from './groups.js';
import type { SessionPart } from './session.js';
import { session } from './session.js';
import { tags } from './tags.js';
import { direction, getLanguage, refusalText, text, textsChanged } from './texts.js';
import { adoptTheme, base, controls } from './theme.js';
import { userInfo } from './user-info.js';

/** What all components share: the theme, the language, and the session's changes. */
export class NuncioElement extends LitElement {
  /** The theme's ground and its controls. */
  static override styles: CSSResultGroup = [base, controls];

  /** What the last action failed with, in words. */
  protected error: string | undefined;

  constructor() {
    super();
    new Heard(this, textsChanged, 'change');
  }

  override connectedCallback(): void {
    adoptTheme(this.ownerDocument);
    super.connectedCallback();
  }

  protected override willUpdate(): void {
    this.lang = getLanguage();
    this.dir = direction();
  }

  /** Draws anew when these parts of the session change, or the groups, or the tags, or a name or avatar. */
  protected follows(...parts: (SessionPart | 'groups' | 'tags')[]): void {
    for (const part of parts) {
      if (part === 'groups') new Heard(this, groups, 'change');
      else if (part === 'tags') new Heard(this, tags, 'change');
      else new Heard(this, session, part);
    }
    new Heard(this, userInfo, 'change');
  }

  /** Does something; what it fails with is kept as {@link NuncioElement.error}. Answers whether it succeeded. */
  protected async attempt(action: () => Promise<unknown>): Promise<boolean> {
    this.error = undefined;
    try {
      await action();
      return true;
    } catch (error) {
      this.error = failureText(error);
      return false;
    } finally {
      this.requestUpdate();
    }
  }

  /** Tells the page, through all shadow roots. */
  protected emit<T>(name: string, detail: T): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

/** Why something did not work, in words. */
export function failureText(error: unknown): string {
  if (!(error instanceof ChatError)) return text('failed', '–', String(error));
  const known = refusalText(error.code);
  return known === text('refused.other', error.code) ? text('failed', error.code, error.message) : known;
}

/** Draws a component anew when something changes. */
class Heard implements ReactiveController {
  readonly #update: () => void;

  constructor(
    host: ReactiveControllerHost,
    private readonly target: EventTarget,
    private readonly name: string,
  ) {
    this.#update = () => host.requestUpdate();
    host.addController(this);
  }

  hostConnected(): void {
    if (this.target !== textsChanged) session.start();
    this.target.addEventListener(this.name, this.#update);
  }

  hostDisconnected(): void {
    this.target.removeEventListener(this.name, this.#update);
  }
}

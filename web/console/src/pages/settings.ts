import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Settings } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import { checkField, choiceField, textField } from '../parts/fields.js';
import { say } from '../parts/toast.js';
import { groups, settings } from '../setting-list.js';
import { may } from '../state.js';
import { counted } from '../words.js';

type Name = keyof Settings;

/** Feature configuration: what an app's users and server may do. */
class SettingsPage extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    css`
      .card { max-width: 720px; gap: 20px; box-sizing: border-box; }
      .field { max-width: 460px; }
      .save { position: sticky; bottom: 0; display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 12px 0; background: var(--nuncio-canvas); }
      .save .note { flex: 1 1 100%; }
    `,
  ];
  static override properties = { app: {} };

  declare app: App;
  #saved: Settings | undefined;
  /** What was changed and is not saved, as it was typed. */
  #typed = new Map<Name, string | boolean>();
  #failure: string | undefined;
  #busy = false;

  protected override firstUpdated(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#saved = await call('settings/get', { appKey: this.app.appKey });
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const saved = this.#saved;
    const failed = this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`;
    return html`<form class="page" novalidate @submit=${this.#save}>
      <div class="head"><h1>Feature configuration</h1></div>
      <p class="lead">What users and the server of “${this.app.name}” may do. A change holds as soon as it is saved.</p>
      ${may(this.app, 'developer') ? nothing : html`<p class="note">You can look at this; a developer of the app can change it.</p>`}
      ${saved === undefined
        ? (this.#failure === undefined ? html`<p class="muted" role="status">Loading…</p>` : failed)
        : html`${groups.map(([title, names], at) => html`<section class="card" aria-labelledby=${`group-${at}`}>
            <h2 id=${`group-${at}`}>${title}</h2>${names.map((name) => this.#field(name, saved))}</section>`)}
          ${this.#typed.size === 0 ? nothing : html`<div class="save">${failed}
            <button class="button primary" type="submit" ?disabled=${this.#busy}>Save ${counted(this.#typed.size, 'change')}</button>
            <button class="button" type="button" ?disabled=${this.#busy} @click=${this.#undo}>Undo</button></div>`}`}
    </form>`;
  }

  #field(name: Name, saved: Settings): TemplateResult {
    const setting = settings[name];
    const now = this.#typed.get(name) ?? written(saved[name]);
    const common = { name, label: setting.label, hint: setting.about, disabled: !may(this.app, 'developer') };
    const change = (value: string | boolean): void => this.#type(name, value, saved);
    switch (setting.kind) {
      case 'switch':
        return checkField({ ...common, value: now === true, set: change });
      case 'choice':
        return choiceField({ ...common, value: String(now), options: setting.options, change });
      case 'number':
        return textField({ ...common, label: `${setting.label} (${setting.unit})`, type: 'number', min: setting.min, max: setting.max, value: String(now), change });
      case 'words':
        return textField({ ...common, value: String(now), change });
    }
  }

  #type(name: Name, value: string | boolean, saved: Settings): void {
    if (value === written(saved[name])) this.#typed.delete(name);
    else this.#typed.set(name, value);
    this.requestUpdate();
  }

  readonly #undo = (): void => {
    this.#typed.clear();
    this.#failure = undefined;
    this.requestUpdate();
  };

  readonly #save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.#busy || this.#typed.size === 0) return;
    this.#failure = undefined;
    const changes: Partial<Record<Name, unknown>> = {};
    for (const [name, value] of this.#typed) {
      const read = parsed(name, value);
      if (read === undefined) {
        const { label, min, max } = settings[name] as { label: string; min: number; max: number };
        this.#failure = `“${label}” must be a whole number from ${min} to ${max}.`;
        this.requestUpdate();
        return;
      }
      changes[name] = read;
    }
    this.#busy = true;
    this.requestUpdate();
    try {
      this.#saved = await call('settings/set', { appKey: this.app.appKey, settings: changes as Partial<Settings> });
      this.#typed.clear();
      say('Saved, and in force.');
    } catch (error) {
      this.#failure = sentence(error);
    }
    this.#busy = false;
    this.requestUpdate();
  };
}

/** A value as its field has it. */
function written(value: Settings[Name]): string | boolean {
  if (typeof value === 'boolean') return value;
  return Array.isArray(value) ? value.join(' ') : String(value ?? '');
}

/** What was typed, as the API takes it; `undefined` when it is no such number. */
function parsed(name: Name, value: string | boolean): unknown {
  const setting = settings[name];
  if (typeof value === 'boolean') return value;
  if (setting.kind === 'words') return value.split(/[\s,]+/).filter(Boolean);
  if (setting.kind !== 'number') return Number(value);
  if (value.trim() === '' && setting.none !== undefined) return null;
  const read = value.trim() === '' ? NaN : Number(value);
  return Number.isInteger(read) && read >= setting.min && read <= setting.max ? read : undefined;
}
customElements.define('console-settings', SettingsPage);

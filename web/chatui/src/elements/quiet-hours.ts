import type { TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { NoDisturbTimeParams } from '@nuncio/chat';
import { ConnectionStatus, NCEngine, NoDisturbTimeLevel } from '@nuncio/chat';
import { NuncioElement } from '../element.js';
import { succeed } from '../failure.js';
import { session } from '../session.js';
import { text } from '../texts.js';

const DAY = 24 * 60;
/** What is offered to who had none. */
const NIGHT: Pick<NoDisturbTimeParams, 'startTime' | 'spanMinutes' | 'level'> = { startTime: '22:00:00', spanMinutes: 9 * 60, level: NoDisturbTimeLevel.MUTED };

/** The daily hours in which nothing, or little, notifies the user, on all of their devices. */
export class NuncioQuietHours extends NuncioElement {
  /** What is set; `null` when nothing is, `undefined` until that is known. */
  #set: NoDisturbTimeParams | null | undefined;
  /** Whether hours are being chosen that are not set yet. */
  #choosing = false;
  #asked = false;
  #done: string | undefined;

  static override styles = [
    NuncioElement.styles,
    css`
      :host { display: grid; gap: 12px; }
      form { display: grid; gap: 12px; }
      .times { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
      select.input { appearance: auto; }
      .sub { color: var(--nuncio-text-muted); font-size: var(--nuncio-text-size-small); }
      label.check { display: flex; align-items: center; gap: 10px; }
      label.check input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--nuncio-accent); }
      [role='status']:empty { display: none; }
    `,
  ];

  constructor() {
    super();
    this.follows('connection');
  }

  protected override willUpdate(): void {
    super.willUpdate();
    if (this.#asked || session.connection.status !== ConnectionStatus.CONNECTED) return;
    this.#asked = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const answer = await NCEngine.getNoDisturbTime();
    if (answer.isOk) this.#set = answer.data ?? null;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const set = this.#set;
    if (set === undefined) return html``;
    const shown = set ?? (this.#choosing ? NIGHT : undefined);
    return html`<label class="check"><input type="checkbox" .checked=${shown !== undefined} @change=${this.#switch} /><span>${text('quiet')}</span></label>
      ${shown === undefined ? nothing : this.#form(shown)}
      <div role="status">${this.error ? html`<div class="note danger">${this.error}</div>` : this.#done ? html`<div class="note success">${this.#done}</div>` : nothing}</div>`;
  }

  #form({ startTime, spanMinutes, level, timezone = deviceZone() }: NoDisturbTimeParams): TemplateResult {
    const from = minutesOf(startTime);
    const levels = [[NoDisturbTimeLevel.MUTED, 'notify.none'], [NoDisturbTimeLevel.MENTION, 'notify.mentions']] as const;
    return html`<form aria-label=${text('quiet')} @submit=${this.#save}>
      <div class="times">
        <label class="field"><span class="label">${text('quiet.from')}</span><input class="input" type="time" name="from" required .value=${timeOf(from)} /></label>
        <label class="field"><span class="label">${text('quiet.to')}</span><input class="input" type="time" name="to" required .value=${timeOf(from + spanMinutes)} /></label>
      </div>
      <label class="field"><span class="label">${text('quiet.level')}</span>
        <select class="input" name="level">${levels.map(([one, key]) => html`<option value=${one} ?selected=${one === level}>${text(key)}</option>`)}</select></label>
      <div class="sub">${text('quiet.zone', timezone)}</div>
      <button class="button" type="submit" aria-label=${`${text('save')}: ${text('quiet')}`}>${text('save')}</button>
    </form>`;
  }

  readonly #switch = (event: Event): void => {
    const on = (event.target as HTMLInputElement).checked;
    this.#done = this.error = undefined;
    this.#choosing = on;
    this.requestUpdate();
    if (on || !this.#set) return;
    void this.attempt(() => succeed<unknown>(NCEngine.removeNoDisturbTime())).then(() => this.#read());
  };

  readonly #save = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const [from, to] = [String(fields.get('from')), String(fields.get('to'))];
    const spanMinutes = (minutesOf(to) - minutesOf(from) + DAY) % DAY;
    const level = Number(fields.get('level')) as NoDisturbTimeLevel;
    this.#done = undefined;
    if (spanMinutes === 0) {
      this.error = text('quiet.same');
      this.requestUpdate();
      return;
    }
    // Hours that were set elsewhere in the world stay that place's.
    const timezone = this.#set?.timezone ?? deviceZone();
    void this.attempt(() => succeed<unknown>(NCEngine.setNoDisturbTime({ startTime: `${from.slice(0, 5)}:00`, spanMinutes, level, timezone }))).then(async (saved) => {
      await this.#read();
      if (saved) this.#done = text('saved');
      this.requestUpdate();
    });
  };
}

const deviceZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `HH:mm` or `HH:mm:ss` as minutes of the day. */
function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** Minutes of the day, or of the next one, as `HH:mm`. */
function timeOf(minutes: number): string {
  const of = minutes % DAY;
  return [Math.trunc(of / 60), of % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing } from 'lit';
import type { App, Point, Series, Span } from '../api.js';
import { call, sentence } from '../client.js';
import { ConsoleElement } from '../element.js';
import '../parts/chart.js';
import type { Line } from '../parts/chart.js';
import { go } from '../router.js';

const SPANS: Record<Span, string> = { live: 'Live', hour: 'Hour', day: 'Day', month: 'Month' };
/** How often each is looked at again. */
const AGAIN_MS: Record<Span, number> = { live: 2500, hour: 15_000, day: 60_000, month: 60_000 };
/** Outcomes that are shown by themselves; the others are one. */
const OUTCOMES = 5;

/** What an app's users and server did over time, drawn anew as it goes on. */
class FiguresPart extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    css`
      .part { display: grid; gap: 14px; }
      .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 16px; }
      .charts > * { min-width: 0; }
      .button[aria-pressed='true'] { background: var(--nuncio-selected); color: var(--nuncio-accent); border-color: var(--nuncio-accent); }
    `,
  ];
  static override properties = { app: {}, span: {} };

  declare app: App;
  declare span: Span;
  #series: Series | undefined;
  #failure: string | undefined;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#seen);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#seen);
    clearTimeout(this.#timer);
    this.#asked++;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const other = changed.get('app')?.appKey !== this.app.appKey;
    if (changed.has('span') || (changed.has('app') && other)) {
      this.#series = undefined;
      void this.#load();
    }
  }

  /** Nobody looks at a page in the background. */
  readonly #seen = (): void => {
    if (!document.hidden) void this.#load();
  };

  async #load(): Promise<void> {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    try {
      const series = await call('overview/series', { appKey: this.app.appKey, span: this.span });
      if (asked !== this.#asked) return;
      this.#series = series;
      this.#failure = undefined;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#failure = sentence(error);
    }
    this.requestUpdate();
    if (!document.hidden) this.#timer = setTimeout(() => void this.#load(), AGAIN_MS[this.span]);
  }

  protected override render(): TemplateResult {
    return html`<section class="part" aria-labelledby="figures"><div class="head"><h2 id="figures">Figures</h2>
      <div class="end" role="group" aria-label="Span of time">${(Object.entries(SPANS) as [Span, string][]).map(([span, label]) =>
        html`<button class="button small" type="button" aria-pressed=${span === this.span} @click=${() => go({ page: 'app', appKey: this.app.appKey, ...(span === 'hour' ? {} : { span }) })}>${label}</button>`)}</div></div>
      ${this.#failure === undefined ? nothing : html`<p class="note danger" role="alert">${this.#failure}</p>`}
      ${this.#series === undefined ? (this.#failure === undefined ? html`<p class="muted" role="status">Loading…</p>` : nothing) : this.#charts(this.#series)}
      ${this.span === 'live' ? html`<p class="muted small">The last five minutes, in steps of five seconds. Of several nodes it is the one that answers this page.</p>` : nothing}</section>`;
  }

  #charts({ points, stepMs }: Series): TemplateResult {
    const times = points.map(({ at }) => at);
    const chart = (label: string, unit: string, bars: boolean, lines: Line[]): TemplateResult =>
      html`<console-chart .label=${label} .unit=${unit} .bars=${bars} .times=${times} .lines=${lines} .stepMs=${stepMs}></console-chart>`;
    return html`<div class="charts">
      ${chart('Users online, the most at once', '', false, [{ name: 'Online', values: points.map(({ online }) => online) }])}
      ${chart('Logins by outcome', '', true, outcomes(points, ({ logins }) => logins))}
      ${chart('Messages of clients by outcome', '', true, outcomes(points, ({ messages }) => messages))}
      ${chart('Server API calls by code', '', true, outcomes(points, ({ apiCalls }) => apiCalls))}
      ${chart('Latency of messages', ' ms', false, latency(points, ({ messageLatency }) => messageLatency))}
      ${chart('Latency of Server API calls', ' ms', false, latency(points, ({ apiLatency }) => apiLatency))}</div>`;
  }
}
customElements.define('console-figures', FiguresPart);

/** A colour for success and each of the commonest refusals. */
function outcomes(points: readonly Point[], of: (point: Point) => Record<string, number>): Line[] {
  const sums = new Map<string, number>();
  for (const point of points) for (const [code, count] of Object.entries(of(point))) sums.set(code, (sums.get(code) ?? 0) + count);
  const refused = [...sums].filter(([code]) => code !== 'OK').sort(([, a], [, b]) => b - a).map(([code]) => code);
  const shown = refused.slice(0, refused.length > OUTCOMES ? OUTCOMES - 1 : OUTCOMES);
  const others = refused.slice(shown.length);
  const line = (name: string, codes: string[]): Line => ({ name, values: points.map((point) => codes.reduce((sum, code) => sum + (of(point)[code] ?? 0), 0)) });
  return [
    ...(sums.has('OK') ? [line('OK', ['OK'])] : []),
    ...shown.map((code) => line(code, [code])),
    ...(others.length === 0 ? [] : [line('Others', others)]),
  ];
}

function latency(points: readonly Point[], of: (point: Point) => Point['apiLatency']): Line[] {
  if (points.every((point) => of(point) === null)) return [];
  const line = (name: string, share: 'p50' | 'p95' | 'p99'): Line => ({ name, values: points.map((point) => of(point)?.[share] ?? null) });
  return [line('Half within', 'p50'), line('95 % within', 'p95'), line('99 % within', 'p99')];
}

import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, nothing, svg } from 'lit';
import { ConsoleElement } from '../element.js';
import { number, plainTime } from '../words.js';

/** One of a chart's lines, or one colour of its bars. `null`: nothing was measured. */
export interface Line {
  name: string;
  values: readonly (number | null)[];
}

const HEIGHT = 168;
const TOP = 8;
const FOOT = 22;
/** Room at the left for what the lines across mean. */
const SIDE = 46;
const COLORS = ['accent', 'danger', 'warning', 'success', 'text-muted', 'text'] as const;
/** Lines are told apart without their colours, too. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '1 2', '10 4'];

/** Lines or stacked bars over time, and the same as a table for who does not see them. */
export class ConsoleChart extends ConsoleElement {
  static override styles = [
    ConsoleElement.styles,
    css`
      .card { gap: 8px; }
      h3 { font-size: var(--nuncio-text-size); }
      svg { display: block; width: 100%; height: ${HEIGHT}px; overflow: visible; }
      text { fill: var(--nuncio-text-muted); font: 11px var(--nuncio-font); }
      .across { stroke: var(--nuncio-border); }
      .here { stroke: var(--nuncio-outline); stroke-dasharray: 3 3; }
      path { fill: none; stroke-width: 2; stroke-linejoin: round; }
      .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; min-height: 1.4em; font-size: var(--nuncio-text-size-small); color: var(--nuncio-text-muted); }
      .legend li { display: inline-flex; align-items: center; gap: 6px; }
      .legend svg { width: 18px; height: 10px; flex: none; }
      .legend strong { color: var(--nuncio-text); font-variant-numeric: tabular-nums; }
      summary { cursor: pointer; font-size: var(--nuncio-text-size-small); color: var(--nuncio-text-muted); }
      .scroll { max-height: 260px; overflow: auto; margin-block-start: 8px; }
      table { border-collapse: collapse; font-size: var(--nuncio-text-size-small); font-variant-numeric: tabular-nums; }
      th, td { padding: 3px 12px 3px 0; text-align: start; white-space: nowrap; }
    `,
  ];
  static override properties = { label: {}, unit: {}, bars: { type: Boolean }, times: {}, lines: {}, stepMs: {} };

  declare label: string;
  /** What is counted, behind each number. */
  declare unit: string;
  declare bars: boolean;
  declare times: readonly number[];
  declare lines: readonly Line[];
  declare stepMs: number;
  #width = 480;
  #here: number | undefined;
  #table = false;
  readonly #watch = new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    if (width > 0 && width !== this.#width) {
      this.#width = width;
      this.requestUpdate();
    }
  });

  protected override firstUpdated(_: PropertyValues): void {
    const drawn = this.renderRoot.querySelector('.drawn');
    if (drawn) this.#watch.observe(drawn);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch.disconnect();
  }

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="title"><h3 id="title">${this.label}</h3>
      <div class="drawn" @pointermove=${this.#point} @pointerleave=${this.#leave}>${this.#drawing()}</div>
      ${this.#legend()}
      <details @toggle=${(event: Event) => { this.#table = (event.target as HTMLDetailsElement).open; this.requestUpdate(); }}>
        <summary>As a table</summary>${this.#table ? this.#rows() : nothing}</details></section>`;
  }

  #text(value: number | null | undefined): string {
    return value === null || value === undefined ? '–' : `${number(value < 10 ? Math.round(value * 100) / 100 : Math.round(value))}${this.unit}`;
  }

  /** The height of the whole: of all bars that stand on each other, or the highest line. */
  #most(): number {
    const heights = this.bars
      ? this.times.map((_, at) => this.lines.reduce((sum, { values }) => sum + (values[at] ?? 0), 0))
      : this.lines.flatMap(({ values }) => values.map((value) => value ?? 0));
    return Math.max(0, ...heights);
  }

  #drawing(): TemplateResult {
    const [ceiling, step] = scale(this.#most(), this.unit === '');
    const wide = Math.max(60, this.#width - SIDE);
    const high = HEIGHT - TOP - FOOT;
    const slot = wide / Math.max(1, this.times.length);
    const x = (at: number): number => SIDE + at * slot;
    const y = (value: number): number => TOP + high - (value / ceiling) * high;
    const across = Array.from({ length: Math.round(ceiling / step) + 1 }, (_, n) => n * step);
    const every = Math.max(1, Math.ceil(this.times.length / Math.max(2, Math.floor(wide / 90))));
    const last = this.lines.map(({ name, values }) => `${name} ${this.#text(values.at(-1))}`).join(', ');
    return html`<svg role="img" aria-label=${`${this.label}, now: ${last || 'nothing'}`} viewBox=${`0 0 ${this.#width} ${HEIGHT}`}>
      ${across.map((value) => svg`<line class="across" x1=${SIDE} x2=${this.#width} y1=${y(value)} y2=${y(value)}></line>
        <text x=${SIDE - 6} y=${y(value) + 4} text-anchor="end">${brief(value)}</text>`)}
      ${this.times.map((time, at) => (at % every === 0 && x(at) < this.#width - 36
        ? svg`<text x=${x(at)} y=${HEIGHT - 6}>${plainTime(time, this.stepMs, true)}</text>` : nothing))}
      ${this.bars ? this.#bars(x, y, slot) : this.lines.map(({ values }, nth) => svg`<path stroke=${color(nth)} stroke-dasharray=${DASHES[nth] ?? ''} d=${this.#path(values, (at) => x(at) + slot / 2, y)}></path>`)}
      ${this.#here === undefined ? nothing : svg`<line class="here" x1=${x(this.#here) + slot / 2} x2=${x(this.#here) + slot / 2} y1=${TOP} y2=${TOP + high}></line>`}
    </svg>`;
  }

  #bars(x: (at: number) => number, y: (value: number) => number, slot: number): unknown {
    const gap = slot > 5 ? 1 : 0;
    return this.times.map((_, at) => {
      let below = 0;
      return this.lines.map(({ values }, nth) => {
        const value = values[at] ?? 0;
        if (value === 0) return nothing;
        const [foot, head] = [y(below), y((below += value))];
        return svg`<rect x=${x(at)} width=${Math.max(1, slot - gap)} y=${head} height=${Math.max(1, foot - head)} fill=${color(nth)}></rect>`;
      });
    });
  }

  #path(values: readonly (number | null)[], x: (at: number) => number, y: (value: number) => number): string {
    let joined = false;
    return values.map((value, at) => {
      // What was not measured is no zero: a dot stands where both neighbours are missing.
      if (value === null) { joined = false; return ''; }
      const part = `${joined ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}${joined || values[at + 1] !== null ? '' : 'h2'}`;
      joined = true;
      return part;
    }).join('');
  }

  #legend(): TemplateResult {
    const at = this.#here ?? this.times.length - 1;
    const when = this.#here === undefined ? nothing : html`<li>${plainTime(this.times[at] ?? 0, this.stepMs)}</li>`;
    return html`<ul class="legend">${this.lines.map(({ name, values }, nth) => html`<li>
      <svg aria-hidden="true" viewBox="0 0 18 10">${this.bars
        ? svg`<rect width="10" height="10" x="4" rx="2" fill=${color(nth)}></rect>`
        : svg`<path d="M0 5h18" stroke=${color(nth)} stroke-dasharray=${DASHES[nth] ?? ''}></path>`}</svg>
      ${name} <strong>${this.#text(values[at])}</strong></li>`)}${this.lines.length === 0 ? html`<li>Nothing in this time.</li>` : nothing}${when}</ul>`;
  }

  /** Newest first, without steps in which nothing was. */
  #rows(): TemplateResult {
    const steps = this.times.map((_, at) => at).filter((at) => this.lines.some(({ values }) => values[at])).reverse();
    if (steps.length === 0) return html`<p class="muted small">Nothing in this time.</p>`;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${`${this.label}, as a table`}><table>
      <thead><tr><th scope="col">From</th>${this.lines.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${steps.map((at) => html`<tr><th scope="row">${plainTime(this.times[at] ?? 0, this.stepMs)}</th>${this.lines.map(({ values }) => html`<td>${this.#text(values[at])}</td>`)}</tr>`)}</tbody></table></div>`;
  }

  readonly #point = (event: PointerEvent): void => {
    const from = (event.currentTarget as HTMLElement).getBoundingClientRect().left + SIDE;
    const at = Math.floor(((event.clientX - from) / Math.max(1, this.#width - SIDE)) * this.times.length);
    this.#here = at >= 0 && at < this.times.length ? at : undefined;
    this.requestUpdate();
  };

  readonly #leave = (): void => {
    this.#here = undefined;
    this.requestUpdate();
  };
}
customElements.define('console-chart', ConsoleChart);

const color = (nth: number): string => `var(--nuncio-${COLORS[nth % COLORS.length] ?? 'text'})`;

/** A round number above `most`, and what to divide it by for at most five lines across; of counts, whole numbers. */
export function scale(most: number, counts: boolean): [ceiling: number, step: number] {
  if (most <= 0) return [1, 1];
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const round = counts ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10];
  const step = round.map((times) => times * power).find((wide) => wide * 4 >= most) ?? most;
  const across = counts ? Math.max(1, step) : step;
  return [Math.ceil(most / across) * across, across];
}

const brief = (value: number): string => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : number(Math.round(value * 1000) / 1000));

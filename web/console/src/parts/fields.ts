/**
 * Fields of forms: a label, a control of that name, and a sentence about it that screen readers tell too.
 *
 * @module
 */

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';

interface Field {
  name: string;
  label: string;
  hint?: string | undefined;
  disabled?: boolean;
  /** Hears each change, of forms that keep their own state. */
  change?: (value: string) => void;
}

export interface TextField extends Field {
  type?: 'text' | 'password' | 'number' | 'search' | 'url' | 'datetime-local';
  value?: string;
  required?: boolean;
  autocomplete?: AutoFill;
  min?: number;
  max?: number;
  minlength?: number;
  maxlength?: number;
  placeholder?: string;
  focus?: boolean;
}

export interface ChoiceField extends Field {
  options: readonly (readonly [value: string, label: string])[];
  value?: string;
}

const about = ({ name, hint }: Field): string | undefined => (hint === undefined ? undefined : `about-${name}`);
const told = (field: Field): unknown => (field.hint === undefined ? nothing : html`<span class="hint" id=${`about-${field.name}`}>${field.hint}</span>`);
const heard = ({ change }: Field) => (event: Event): void => change?.((event.target as HTMLInputElement).value);

/** A line of text, a number or a password. */
export function textField(field: TextField): TemplateResult {
  const { name, label, type = 'text', value = '' } = field;
  return html`<div class="field"><label class="label" for=${name}>${label}</label>
    <input class="input" id=${name} name=${name} type=${type} .value=${field.change ? live(value) : value} ?required=${field.required} ?disabled=${field.disabled}
      autocomplete=${field.autocomplete ?? 'off'} autocapitalize="none" spellcheck="false" ?autofocus=${field.focus}
      min=${ifDefined(field.min)} max=${ifDefined(field.max)} minlength=${ifDefined(field.minlength)} maxlength=${ifDefined(field.maxlength)}
      placeholder=${ifDefined(field.placeholder)} aria-describedby=${ifDefined(about(field))} @input=${heard(field)}>
    ${told(field)}</div>`;
}

/** One of several. */
export function choiceField(field: ChoiceField): TemplateResult {
  const { name, label, options, value } = field;
  return html`<div class="field"><label class="label" for=${name}>${label}</label>
    <select class="input" id=${name} name=${name} ?disabled=${field.disabled} aria-describedby=${ifDefined(about(field))} @change=${heard(field)}>
      ${options.map(([key, text]) => html`<option value=${key} .selected=${key === value}>${text}</option>`)}
    </select>${told(field)}</div>`;
}

/** Yes or no. */
export function checkField(field: Field & { value?: boolean; set?: (on: boolean) => void }): TemplateResult {
  const { name, label, value = false, set } = field;
  return html`<div class="check"><input type="checkbox" id=${name} name=${name} .checked=${set ? live(value) : value} ?disabled=${field.disabled}
      aria-describedby=${ifDefined(about(field))} @change=${(event: Event) => set?.((event.target as HTMLInputElement).checked)}>
    <div><label for=${name}>${label}</label>${told(field)}</div></div>`;
}

/** What a form's field holds, without blanks around it. */
export const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();

/** A password as it was typed. */
export const secretOf = (form: FormData, name: string): string => String(form.get(name) ?? '');

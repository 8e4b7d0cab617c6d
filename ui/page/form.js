import { root } from './api.js';

const limitName = 'limit';

/** The fields of one source's parameters, built from what the catalogue says of them. */
export class ParameterForm {
  #fields;
  #source = null;
  #inputs = new Map();

  /** @param {HTMLElement} fields Where they go. */
  constructor(fields) {
    this.#fields = fields;
  }

  /** Shows the fields of another source; what was typed into those of the same name stays. */
  show(source) {
    const typed = new Map([...this.#inputs].map(([name, { input }]) => [name, input.value]));
    this.#source = source;
    this.#inputs.clear();
    const limit = { name: limitName, type: 'bigint', required: false, default: null, hint: source.maxRows ? `at most ${source.maxRows} rows` : 'all rows if empty' };
    const parameters = source.isQuery ? [...source.parameters, limit] : source.parameters;
    this.#fields.replaceChildren(...parameters.map((parameter) => this.#field(parameter, typed.get(parameter.name) ?? '')));
  }

  /** Fills in the fields; those that have no value become empty. @param {URLSearchParams} parameters */
  fill(parameters) {
    for (const [name, { input }] of this.#inputs) input.value = parameters.get(name) ?? '';
  }

  /** Whether a limit can be given: not to what goes on. */
  allowLimit(isAllowed) {
    const limit = this.#inputs.get(limitName);
    if (limit) limit.field.hidden = !isAllowed;
  }

  /** The parameters that were given: an empty field is none. */
  get parameters() {
    const given = [...this.#inputs].filter(([, { input, field }]) => input.value !== '' && !field.hidden);
    return new URLSearchParams(given.map(([name, { input }]) => [name, input.value]));
  }

  /**
   * The address that streams what was chosen.
   * @param {Record<string, string>} [more] Parameters beside those of the fields.
   */
  url(more = {}) {
    const url = new URL(this.#source.path, root);
    for (const [name, value] of [...this.parameters, ...Object.entries(more)]) url.searchParams.set(name, value);
    return url;
  }

  /** Whether it has the fields of what an address streams. */
  asksFor(url) {
    return new URL(this.#source.path, root).pathname === url.pathname;
  }

  /** Shows each mistake at its field, in the server's words, and goes to the first; gives those that have no field. */
  showErrors(errors) {
    this.clearErrors();
    const homeless = [];
    for (const { parameter, detail } of errors) {
      const field = this.#inputs.get(parameter);
      if (!field) {
        homeless.push(detail);
        continue;
      }
      field.error.textContent = detail;
      field.input.setAttribute('aria-invalid', 'true');
    }
    this.#fields.querySelector('[aria-invalid=true]')?.focus();
    return homeless;
  }

  clearErrors() {
    for (const { input, error } of this.#inputs.values()) {
      error.textContent = '';
      input.removeAttribute('aria-invalid');
    }
  }

  #field(parameter, value) {
    const id = `parameter-${parameter.name}`;
    const field = element('div', { className: 'field' });
    const label = element('label', { htmlFor: id, textContent: parameter.name });
    const input = parameter.type === 'boolean' ? choice(['', 'true', 'false']) : element('input', { type: inputType(parameter), autocomplete: 'off', spellcheck: false });
    const hint = element('p', { id: `${id}-hint`, className: 'hint', textContent: hintOf(parameter) });
    const error = element('p', { id: `${id}-error`, className: 'error' });
    input.id = id;
    input.value = value;
    input.setAttribute('aria-describedby', `${hint.id} ${error.id}`);
    if (/^(small|big)?int|numeric|double|real/.test(parameter.type)) input.inputMode = 'decimal';
    if (parameter.required) input.setAttribute('aria-required', 'true');
    this.#inputs.set(parameter.name, { field, input, error });
    field.append(label, input, hint, error);
    return field;
  }
}

// The server judges what is typed: a field of type number would hide it from it.
function inputType(parameter) {
  return parameter.type === 'date' ? 'date' : 'text';
}

function hintOf(parameter) {
  const hint = parameter.hint ?? (parameter.required ? 'required' : `${parameter.default ?? 'none'} if empty`);
  return `${parameter.type}, ${hint}`;
}

function choice(values) {
  const select = element('select');
  select.append(...values.map((value) => new Option(value, value)));
  return select;
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

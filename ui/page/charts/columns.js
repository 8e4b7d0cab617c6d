import { valueOf } from '../row-store.js';

const numericTypes = /^(int[248]|float[48]|numeric|money|oid)\b/;
const timeTypes = /^(timestamp|timestamptz|date)$/;
const looksLikeTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** What a column has shows in so many rows. */
export const lookedAt = 200;

/** Whether values of a type are numbers, and belong to the right. */
export function isNumeric(type) {
  return numericTypes.test(type);
}

/**
 * What can be drawn of some columns, as { numbers, times, best }: their names, and the number to begin with. The values decide where
 * the type does not, as in what a generator makes.
 * @param {string[]} key The key's columns: they only count, so another one comes first.
 */
export function drawable(columns, key, store) {
  const rows = store.slice(0, lookedAt);
  const of = (name) => rows.map((row) => valueOf(row, name)).filter((value) => value !== null && value !== undefined);
  const numbers = columns.filter(({ name, type }) => isNumeric(type) || (type === 'json' && areAll(of(name), (value) => typeof value === 'number')));
  const times = columns.filter(({ name, type }) => timeTypes.test(type) || (type === 'json' && areAll(of(name), (value) => looksLikeTime.test(value))));
  const varies = ({ name }) => new Set(of(name).map(Number)).size > 1;
  const best = numbers.find((column) => !key.includes(column.name) && varies(column)) ?? numbers.find(varies) ?? numbers[0];
  return { numbers: numbers.map(({ name }) => name), times: times.map(({ name }) => name), best: best?.name };
}

/** A value as a number; null if it is none. */
export function numberOf(value) {
  const number = value === null || value === undefined || value === '' ? NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

/** A value as seconds; null if it is no time. One without a zone is taken for UTC. */
export function secondsOf(value) {
  if (typeof value !== 'string') return null;
  const hasZone = /(Z|[+-]\d{2}(:?\d{2})?)$/.test(value) && value.includes('T');
  const ms = Date.parse(hasZone || !value.includes('T') ? value : `${value}Z`);
  return Number.isFinite(ms) ? ms / 1000 : null;
}

function areAll(values, test) {
  return values.length > 0 && values.every(test);
}

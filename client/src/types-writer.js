const QUERY = /^query\.([^.]+)$/;
const GENERATOR = /^generator\.([^.]+)$/;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];

/**
 * Writes the declarations of the queries and generators that an API's description has.
 *
 * @param document The description, OpenAPI 3.2.
 * @param isExact Whether int8 and numeric are strings.
 */
export function declare(document, isExact) {
  const operations = Object.entries(document.paths)
    .map(([path, item]) => ({ path: path.slice(1), post: item.post, get: item.get }))
    .filter(({ get }) => get?.operationId);
  const schemas = document.components?.schemas ?? {};
  const find = (pattern) => operations
    .map((operation) => ({ ...operation, name: operation.get.operationId.match(pattern)?.[1] }))
    .filter(({ name }) => name !== undefined)
    .sort((one, other) => (one.name < other.name ? -1 : 1));

  const queries = find(QUERY).map(({ name, path, get }) => member(name, get.summary, {
    path: JSON.stringify(path),
    parameters: typeOf(schemas[`${name}.parameters`] ?? { type: 'object', properties: {} }, '    ', false),
    row: typeOf(schemas[`${name}.row`] ?? {}, '    ', isExact),
  }));
  const generators = find(GENERATOR).map(({ name, path, get }) => member(name, get.summary, {
    path: JSON.stringify(path),
    parameters: typeOf(ofParameters(get.parameters), '    ', false),
    item: typeOf(get.responses['200'].content['application/json'].schema.items, '    ', isExact),
  }));
  return `// Written by 'npx chunkstream-client types': when the queries change, write it anew.
// ${isExact ? 'int8 and numeric are strings: for streams with numbers=exact.' : 'All numbers are numbers: for streams without numbers=exact.'}
// Where a column of float4, float8 or numeric has NaN or infinities, they are strings ('NaN').

/** What the queries take and give, by their names. */
export interface Queries {
${queries.join('\n')}
}

/** What the generators take and give, by their names. */
export interface Generators {
${generators.join('\n')}
}

/** A row of a query. */
export type RowOf<Name extends keyof Queries> = Queries[Name]['row'];

/** The parameters of a query. */
export type ParametersOf<Name extends keyof Queries> = Queries[Name]['parameters'];
`;
}

function member(name, summary, parts) {
  const lines = Object.entries(parts).map(([part, type]) => `    ${part}: ${type};`);
  return `  /** ${comment(summary ?? name)} */\n  ${property(name)}: {\n${lines.join('\n')}\n  };`;
}

// What says how a stream is written is a reference to what all operations share.
function ofParameters(parameters) {
  const own = parameters.filter(({ name }) => name !== undefined);
  return {
    type: 'object',
    properties: Object.fromEntries(own.map(({ name, schema }) => [name, schema])),
    required: own.filter(({ required }) => required).map(({ name }) => name),
  };
}

function typeOf(schema, indent, isExact) {
  if (schema.anyOf) return union(choices(schema.anyOf).map((choice) => typeOf(choice, indent, isExact)));
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.type === undefined) return 'unknown';
  return union([schema.type].flat().map((type) => single(type, schema, indent, isExact)));
}

// JSON has no NaN, so a float may be a string; but whoever has none must not look at each value for it.
function choices(all) {
  const isNumber = all.some(({ type }) => type === 'number');
  return isNumber ? all.filter((choice) => !NOT_FINITE.every((text) => choice.enum?.includes(text))) : all;
}

function single(type, schema, indent, isExact) {
  switch (type) {
    case 'integer':
    case 'number':
      return isExact && ['int64', 'decimal'].includes(schema.format) ? 'string' : 'number';
    case 'array':
      return `Array<${typeOf(schema.items ?? {}, indent, isExact)}>`;
    case 'object':
      return schema.properties ? objectOf(schema, indent, isExact) : 'Record<string, unknown>';
    default:
      return type; // string, boolean, null
  }
}

function objectOf({ properties, required = [] }, indent, isExact) {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) =>
    `${inner}${property(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner, isExact)};`);
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`;
}

// null stands last, as people write it.
function union(types) {
  const all = [...new Set(types)];
  return [...all.filter((type) => type !== 'null'), ...all.filter((type) => type === 'null')].join(' | ');
}

const property = (name) => (IDENTIFIER.test(name) ? name : JSON.stringify(name));

const comment = (text) => text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ');

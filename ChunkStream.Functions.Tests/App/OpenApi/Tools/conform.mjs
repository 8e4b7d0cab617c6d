// Reads a description of the API, and a file of values, one a line, each with the place of its schema in the description. Prints
// each value that is not as its schema says, and how many it has looked at.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const [document, values] = process.argv.slice(2).map((path) => readFileSync(path, 'utf8'));
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(JSON.parse(document), 'api');
const lines = values.split('\n').filter((line) => line.length > 0);
for (const line of lines) {
  const { schema, value } = JSON.parse(line);
  if (!ajv.validate({ $ref: `api#${schema}` }, value))
    console.log(`${schema} ${JSON.stringify(value)}: ${ajv.errorsText()}`);
}
console.log(`${lines.length} values`);

// Reads a description of the API, and a file of rows, one a line, each with the name of its schema. Prints each row that is not
// as its schema says, and how many it has looked at.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const [document, rows] = process.argv.slice(2).map((path) => readFileSync(path, 'utf8'));
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(JSON.parse(document), 'api');
const lines = rows.split('\n').filter((line) => line.length > 0);
for (const line of lines) {
  const { schema, row } = JSON.parse(line);
  if (!ajv.validate({ $ref: `api#/components/schemas/${schema}` }, row))
    console.log(`${schema} ${JSON.stringify(row)}: ${ajv.errorsText()}`);
}
console.log(`${lines.length} rows`);

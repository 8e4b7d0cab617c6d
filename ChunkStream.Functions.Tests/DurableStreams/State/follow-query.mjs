// Follows the live query at STATE_URL with the state extension's own StreamDB, by long polls and by events, and says what rows each has, a line of JSON
// whenever they change: {"who":…,"rows":[…],"invalid":…}.
import { readFileSync } from 'node:fs';
import { createStreamDB } from '@durable-streams/state/db';
import { createStateSchema } from '@durable-streams/state';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const schema = JSON.parse(readFileSync(new URL('node_modules/@durable-streams/state/state-protocol.schema.json', import.meta.url)));
const ajv = new Ajv({ strict: false });
addFormats(ajv);
const isValid = ajv.compile(schema);
const anything = { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value }) } };

for (const who of ['long-poll', 'sse']) {
  let invalid = 0;
  const db = createStreamDB({
    streamOptions: { url: `${process.env.STATE_URL}${who === 'sse' ? '#sse' : ''}`, contentType: 'application/json' },
    live: who,
    state: createStateSchema({ rows: { schema: anything, type: 'items', primaryKey: 'id' } }),
    onBeforeBatch: ({ items }) => {
      invalid += items.filter((message) => !isValid(message)).length;
    },
  });
  const show = () => {
    const rows = [...db.collections.rows.values()].map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/^[_$]/.test(name))));
    process.stdout.write(`${JSON.stringify({ who, invalid, rows: rows.sort((a, b) => a.id - b.id) })}\n`);
  };
  db.collections.rows.subscribeChanges(show);
  await db.preload();
  show();
}

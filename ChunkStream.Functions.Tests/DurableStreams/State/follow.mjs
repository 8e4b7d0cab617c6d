// Follows the stream at STREAM_URL with the state extension's own StreamDB, and holds each message against the extension's schema.
// Says "ready" once it has what there is; and when a message of the transaction TXID has come, all it knows, as JSON.
import { readFileSync } from 'node:fs';
import { createStreamDB } from '@durable-streams/state/db';
import { createStateSchema, MaterializedState, isChangeEvent } from '@durable-streams/state';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const schema = JSON.parse(readFileSync(new URL('node_modules/@durable-streams/state/state-protocol.schema.json', import.meta.url)));
const ajv = new Ajv({ strict: false });
addFormats(ajv);
const isValid = ajv.compile(schema);

const type = process.env.TYPE;
const anything = { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value }) } };
const messages = [];
const invalid = [];
const state = new MaterializedState();
const db = createStreamDB({
  streamOptions: { url: process.env.STREAM_URL, contentType: 'application/json' },
  live: 'sse',
  state: createStateSchema({ rows: { schema: anything, type, primaryKey: 'id' } }),
  onBeforeBatch: (batch) => {
    for (const message of batch.items) {
      messages.push(message);
      if (!isValid(message)) invalid.push({ message, errors: isValid.errors });
      if (isChangeEvent(message)) state.apply(message);
      else if (message.headers.control === 'reset') state.clear();
    }
  },
});
await db.preload();
console.log('ready');
await db.utils.awaitTxId(process.env.TXID, 20_000);
const rows = [...db.collections.rows.values()].map(({ _seq, ...row }) => row);
const all = JSON.stringify({ invalid, messages, state: Object.fromEntries(state.getType(type)), rows });
process.stdout.write(`${all}\n`, () => process.exit());

/** What a server of live queries sends. */
export const schemaOf = (...columns) => `${JSON.stringify({
  schema: {
    columns: columns.map((column) => ({ name: column.split(' ')[0], type: column.split(' ')[1] })),
    estimatedRows: null,
    checkpoints: true,
    key: columns.filter((column) => column.endsWith(' key')).map((column) => column.split(' ')[0]),
  },
})}\n`;

export const liveSchema = schemaOf('id int4 key', 'title text');

const line = (kind, value) => `${JSON.stringify({ [kind]: value })}\n`;

export const rowLine = (id, title = `first ${id}`) => line('row', { id, title });
export const upsert = (id, title) => line('upsert', { id, title });
export const gone = (id) => line('delete', { id });
export const upTo = (position) => line('up-to-date', { position });
export const refetch = (reason = 'truncated') => line('must-refetch', { reason });
export const token = (text) => line('checkpoint', text);
export const over = (rows, token) => line('end', { rows, continue: token });

/** Waits until a condition holds of what a collection has; fails after a while. */
export function until(collection, condition) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Not so within 30 s: ${condition}. It is ${collection.state}, ${JSON.stringify(collection.rows)}`)), 30_000);
    const look = () => {
      if (!condition(collection)) return;
      clearTimeout(timer);
      leave();
      resolve();
    };
    const leave = collection.subscribe(look);
    look();
  });
}

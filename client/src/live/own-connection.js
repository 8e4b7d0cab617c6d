import { RowStream } from '../row-stream.js';
import { stepsOf } from './steps.js';

const told = new Set(['connecting', 'streaming', 'waiting']);

/** Follows a live query over a connection of its own, and hands each step to the sink. */
export async function followAlone(options, sink) {
  const stream = new RowStream({
    ...options,
    onProgress(progress) {
      options.onProgress?.(progress);
      if (told.has(progress.state)) sink.to(progress.state);
    },
  });
  sink.describe(await stream.schema);
  for await (const step of stepsOf(stream, options.resume === null)) {
    // What came together is given out without a pause in which the stream could say that it was left.
    options.signal.throwIfAborted();
    sink.apply(step);
  }
}

/**
 * Gathers what a live query tells to steps: what has changed from one position to the next.
 * @param stream The changes.
 * @param isAnew Whether the first step has all rows, because nothing is known yet.
 */
export async function* stepsOf(stream, isAnew) {
  let step = { isAnew, changes: [] };
  for await (const batch of stream.batches()) {
    for (const change of batch) {
      if (change.type === 'up-to-date') {
        yield { ...step, position: change.position };
        step = { isAnew: false, changes: [] };
      } else if (change.type === 'must-refetch') {
        step = { isAnew: true, changes: [] };
      } else {
        step.changes.push(change);
      }
    }
  }
}

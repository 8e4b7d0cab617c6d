/** What a server said to refuse a request, as { status, title, detail }; null where nothing was said, as after a cut. */
export async function problemOf(error) {
  if (typeof error?.status !== 'number' || error.status < 400) return null;
  const problem = parsed(error.text ?? error.details) ?? error.json;
  return { status: error.status, title: problem?.title ?? 'That did not work', detail: problem?.detail ?? `The server answered ${error.status}.` };
}

// The client gives problem details as the text that they are.
function parsed(text) {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

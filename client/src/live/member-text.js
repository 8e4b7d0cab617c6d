/**
 * The JSON text of a row's member, as it was sent, from a frame such as `{"upsert":{"id":90071992547409931}}`: JSON.parse would
 * round it. It is asked for rarely, and so looks from the start.
 */
export function memberText(frame, name) {
  let at = frame.indexOf('{', 1);
  for (;;) {
    const nameStart = frame.indexOf('"', at);
    const nameEnd = endOfString(frame, nameStart);
    const valueStart = frame.indexOf(':', nameEnd) + 1;
    at = endOfValue(frame, valueStart);
    if (JSON.parse(frame.slice(nameStart, nameEnd)) === name) return frame.slice(valueStart, at).trim();
  }
}

function endOfString(text, start) {
  for (let end = start + 1; ; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === '"') return end + 1;
  }
}

/** Where the value's object or array ends, or else where the comma or bracket behind it stands. */
function endOfValue(text, start) {
  for (let at = start, depth = 0; ; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth--;
  }
}

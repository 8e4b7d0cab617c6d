// What stands in code where a secret belongs: the code may be shown, and sent to others.
const keyPlace = 'YOUR-KEY';
const tokenPlace = 'YOUR-TOKEN';

/** What there is code for. */
export const kinds = [
  { value: 'url', text: 'URL' },
  { value: 'curl', text: 'curl' },
  { value: 'fetch', text: 'fetch' },
  { value: 'axios', text: 'axios in Node' },
  { value: 'eventsource', text: 'EventSource' },
  { value: 'python', text: 'Python requests' },
  { value: 'client', text: 'chunkstream-client' },
];

/**
 * A program that reads a stream, as { text, note }.
 * @param {string} kind Of the kinds.
 * @param {{ url: URL, isLive: boolean, isText: boolean, secret: 'none' | 'key' | 'token' }} asked What it reads: whether it goes on with
 * changes, whether its records are lines of text unless JSON is asked for, and what the request needs.
 */
export function codeFor(kind, asked) {
  return programs[kind](asked);
}

const programs = {
  url: (asked) => ({ text: asked.url.href, note: noteOf(asked, 'The request needs') }),

  curl: (asked) => ({
    text: `curl -N --silent --show-error --fail-with-body${header(asked, (name, value) => ` -H "${name}: ${value}"`)} "${shell(asked.url)}"`,
    note: noteOf(asked),
  }),

  fetch: (asked) => ({
    text: [
      header(asked, (name, value) => `const response = await fetch('${lines(asked)}', {\n  headers: { '${name}': '${value}' },\n});`) || `const response = await fetch('${lines(asked)}');`,
      'if (!response.ok) throw new Error((await response.json()).detail);',
      '',
      'const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();',
      'let rest = \'\';',
      'for (;;) {',
      '  const { done, value } = await reader.read(); // throws if the connection is cut',
      '  if (done) break;',
      '  const lines = (rest + value).split(\'\\n\');',
      '  rest = lines.pop();',
      `  for (const line of lines) ${asked.isLive ? 'take(line);' : 'console.log(JSON.parse(line));'}`,
      '}',
      ...javaScriptEnd(asked),
    ].join('\n'),
    note: noteOf(asked),
  }),

  axios: (asked) => ({
    text: [
      'import axios from \'axios\';',
      '',
      `const response = await axios.get('${lines(asked)}', {`,
      ...header(asked, (name, value) => [`  headers: { '${name}': '${value}' },`], []),
      '  responseType: \'stream\',',
      '});',
      'let rest = \'\';',
      'for await (const text of response.data.setEncoding(\'utf8\')) { // throws if the connection is cut',
      '  const lines = (rest + text).split(\'\\n\');',
      '  rest = lines.pop();',
      `  for (const line of lines) ${asked.isLive ? 'take(line);' : 'console.log(JSON.parse(line));'}`,
      '}',
      ...javaScriptEnd(asked),
    ].join('\n'),
    note: noteOf(asked, 'In a page give it the option adapter: \'fetch\', and read response.data as fetch does. The request needs'),
  }),

  eventsource: (asked) => ({
    text: [
      `const source = new EventSource('${quoted(withParameter(asked.url, asked.isLive ? {} : { format: 'sse' }))}');`,
      ...(asked.isLive
        ? ['for (const type of [\'message\', \'upsert\', \'delete\', \'up-to-date\', \'must-refetch\']) {', '  source.addEventListener(type, (event) => console.log(type, JSON.parse(event.data)));', '}']
        : ['source.addEventListener(\'message\', (event) => console.log(JSON.parse(event.data)));']),
      'source.addEventListener(\'end\', (event) => {',
      '  if (JSON.parse(event.data).continue !== null) return; // it goes on by itself',
      '  source.close();',
      '  console.log(\'complete\');',
      '});',
      'source.addEventListener(\'error\', (event) => {',
      '  if (!event.data) return; // a connection that was cut: it comes again by itself',
      '  source.close();',
      '  console.error(JSON.parse(event.data).detail);',
      '});',
    ].join('\n'),
    note: asked.secret === 'none' ? '' : `EventSource can't send the header that this needs: take fetch or chunkstream-client${asked.secret === 'key' ? ', or a query that needs no key' : ''}.`,
  }),

  python: (asked) => ({
    text: [
      'import json',
      'import requests',
      '',
      `url = "${lines(asked, shell)}"`,
      ...header(asked, (name, value) => [`headers = {"${name}": "${value}"}`], []),
      `with requests.get(url, ${header(asked, () => 'headers=headers, ')}stream=True, timeout=60) as response:`,
      '    if not response.ok:',
      '        raise SystemExit(response.json()["detail"])',
      '    for line in response.iter_lines():  # raises ChunkedEncodingError if the connection is cut',
      '        if line.strip():',
      '            print(json.loads(line))',
      'print("complete")',
    ].join('\n'),
    note: noteOf(asked),
  }),

  client: (asked) => {
    const options = { none: '', key: `, {\n  headers: { 'x-functions-key': '${keyPlace}' },\n}`, token: `, {\n  getToken: () => '${tokenPlace}', // asked before each request: give the one that holds now\n}` }[asked.secret];
    return {
      text: asked.isLive
        ? [
          'import { collection } from \'chunkstream-client\';',
          '',
          `const rows = collection('${quoted(withoutLive(asked.url))}'${options});`,
          'await rows.ready;',
          'console.log(rows.rows);',
          'rows.subscribe((changes) => console.log(changes));',
        ].join('\n')
        : [
          'import { stream } from \'chunkstream-client\';',
          '',
          `for await (const row of stream('${quoted(asked.url)}'${options})) console.log(row);`,
          'console.log(\'complete\');',
        ].join('\n'),
      note: 'It rejoins by itself after a cut, without a lost or doubled row.',
    };
  },
};

function javaScriptEnd({ isLive }) {
  if (!isLive) return ['console.log(\'complete\');'];
  return [
    '',
    '// A line is {"row":…}, {"upsert":…}, {"delete":…}, {"up-to-date":…} or {"must-refetch":…}.',
    'function take(line) {',
    '  const [[what, value]] = Object.entries(JSON.parse(line));',
    '  console.log(what, value);',
    '}',
  ];
}

// Lines of JSON, whatever the stream gives without being asked.
function lines({ url, isLive, isText }, spelled = quoted) {
  return spelled(withParameter(url, isLive ? { format: 'frames' } : isText ? { format: 'ndjson' } : {}));
}

function header({ secret }, spelled, without = '') {
  if (secret === 'key') return spelled('x-functions-key', keyPlace);
  return secret === 'token' ? spelled('Authorization', `Bearer ${tokenPlace}`) : without;
}

function noteOf({ secret }, needs = 'Put in') {
  if (secret === 'none') return '';
  return secret === 'key' ? `${needs} your function key.` : `${needs} an access token of the user who reads.`;
}

function withParameter(url, parameters) {
  const all = new URL(url);
  for (const [name, value] of Object.entries(parameters)) all.searchParams.set(name, value);
  return all;
}

function withoutLive(url) {
  const other = new URL(url);
  other.searchParams.delete('live');
  return other;
}

// Of the characters that would end a text or begin something in it, an address can have these two as they are.
function quoted(url) {
  return url.href.replaceAll('\'', '%27');
}

function shell(url) {
  return quoted(url).replaceAll('$', '%24');
}

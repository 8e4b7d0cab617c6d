import { rename, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describe } from './types-document.js';
import { declare } from './types-writer.js';

const HELP = `Writes TypeScript's declarations of what the queries and generators of a ChunkStream API take and give.

Usage: chunkstream-client types <url> [options]

  <url>             the address of the API, such as https://example.org/api
  --output <file>   the file to write, such as src/api.d.ts; without it they are printed
  --key <key>       the function key; or the environment variable CHUNKSTREAM_KEY
  --numbers exact   int8 and numeric are strings, as in streams that are asked for with numbers=exact
`;

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  key: { type: 'string' },
  numbers: { type: 'string', default: 'plain' },
  help: { type: 'boolean', short: 'h' },
};

/**
 * The command `types`. The file is written whole or not at all, so that a failure leaves the one that is there.
 *
 * @returns The exit code: 0; 1 where it has failed, 2 where it can't be understood.
 */
export async function types(args) {
  let given;
  try {
    given = parseArgs({ args, options: OPTIONS, allowPositionals: true });
    if (given.values.help) {
      console.log(HELP);
      return 0;
    }
    if (given.positionals.length !== 1) throw new TypeError('Give the address of the API, and nothing else.');
    if (!['plain', 'exact'].includes(given.values.numbers)) throw new TypeError("'--numbers' must be plain or exact.");
  } catch (mistake) {
    console.error(`${mistake.message}\n\n${HELP}`);
    return 2;
  }

  const [url] = given.positionals;
  const { output, key = process.env.CHUNKSTREAM_KEY, numbers } = given.values;
  try {
    const text = declare(await describe(url, key), numbers === 'exact');
    if (output === undefined) process.stdout.write(text);
    else await replace(output, text);
    return 0;
  } catch (failure) {
    console.error(failure.message);
    return 1;
  }
}

async function replace(path, text) {
  const partial = `${path}.${process.pid}.part`;
  try {
    await writeFile(partial, text);
    await rename(partial, path);
  } catch (failure) {
    await rm(partial, { force: true });
    throw failure;
  }
}

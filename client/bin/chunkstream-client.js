#!/usr/bin/env node
import { types } from '../src/types-command.js';

const [command, ...rest] = process.argv.slice(2);
if (command !== 'types') {
  console.error('Usage: chunkstream-client types <address of the API> [--output file.d.ts]; types --help says more.');
  process.exitCode = 2;
} else {
  process.exitCode = await types(rest);
}

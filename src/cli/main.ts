#!/usr/bin/env node
import { CommanderError } from 'commander';
import { OutOfServiceError, UsageError } from '../testbed/index.ts';
import { excerpt } from './excerpt.ts';
import { program } from './program.ts';
import { screenOf } from './screen.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** EX_SOFTWARE of sysexits.h: a crash must not read as a verdict. */
const EXIT_INTERNAL = 70;

// `ringswap ... | head` closes the pipe early; that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.on('uncaughtException', (error) => {
  process.stderr.write(`ringswap: internal error\n${error.stack ?? error.message}\n`);
  process.exit(EXIT_INTERNAL);
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = statusOf(error);
}

/** Tells what happened, unless commander did. */
function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof UsageError) {
    const shown = error.place === undefined ? '' : excerpt(error.place, screenOf(process.stderr));
    process.stderr.write(`ringswap: ${error.message}\n${shown}`);
    return EXIT_USAGE;
  }
  if (error instanceof OutOfServiceError) {
    process.stderr.write(`ringswap: ${error.message}\n`);
    return EXIT_FAILED;
  }
  process.stderr.write(`ringswap: internal error\n${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT_INTERNAL;
}

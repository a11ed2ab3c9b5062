/** Reports of the command line, held against their published schema. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import schema from '../../schemas/report.schema.json' with { type: 'json' };
import type { Report } from '../../src/testbed/index.ts';
import { ringswap } from './command.ts';

const fits = new Ajv2020().compile<Report>(schema);

export function reportIn(text: string): Report {
  const report: unknown = JSON.parse(text);
  if (!fits(report)) throw new Error(JSON.stringify(fits.errors));
  return report;
}

/** Runs quietly with --json FILE, and expects this status. */
export async function reported(argv: readonly string[], status = 0): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'ringswap-report-'));
  const file = join(folder, 'report.json');
  try {
    const outcome = await ringswap([...argv, '--quiet', '--json', file]);
    expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status, stderr: '' });
    return reportIn(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { Ajv2020 } from 'ajv/dist/2020.js';
import schema from '../schemas/bench.schema.json' with { type: 'json' };
import { UsageError } from '../src/testbed/index.ts';
import type { BenchReport } from './results.ts';

const fits = new Ajv2020({ allowUnionTypes: true }).compile<BenchReport>(schema);

/** A report that was written before, of the version that can be compared. The message of its error begins with what it is not. */
export function readReport(text: string): BenchReport {
  const report = parsed(text);
  if (fits(report)) return report;
  const version = versionOf(report);
  if (version !== undefined && version !== schema.properties.version.const)
    throw new UsageError(
      `is a bench report of version ${version}; this ringswap reads version ${schema.properties.version.const}: write it again`,
    );
  const [error] = fits.errors ?? [];
  throw new UsageError(`is no bench report: ${error?.instancePath || 'it'} ${error?.message}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function versionOf(report: unknown): number | undefined {
  const bench = report !== null && typeof report === 'object' && 'benches' in report && 'version' in report;
  return bench && typeof report.version === 'number' ? report.version : undefined;
}

/** `ringswap bench` with benches that answer at once: what goes where, and the exit status. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { BenchReport } from '../../bench/index.ts';
import * as face from '../../bench/index.ts';
import { program } from '../../src/cli/program.ts';
import { sampleReport } from '../bench/sample.ts';
import { refuses } from './refusals.ts';

vi.mock('../../bench/index.ts', async (original) => ({
  ...(await original<typeof face>()),
  runBenches: vi.fn(),
}));
const runBenches = vi.mocked(face.runBenches);

const folder = mkdtempSync(join(tmpdir(), 'ringswap-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const REPORT = sampleReport();
const SLOWED = sampleReport({ seed: 2, slowed: { id: 'receive/64/polling/', factor: 1.2 } });

function file(name: string, content?: unknown): string {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, JSON.stringify(content));
  return path;
}

async function bench(report: BenchReport, ...argv: readonly string[]) {
  const printed = { out: '', err: '', status: 0 };
  runBenches.mockReset().mockResolvedValue(report);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text);
    return true;
  });
  const before = process.exitCode;
  try {
    await program().parseAsync(['bench', ...argv], { from: 'user' });
    printed.status = Number(process.exitCode);
  } finally {
    process.exitCode = before;
  }
  return printed;
}

describe('ringswap bench', () => {
  it('runs all, or each bench that is named once, in the order of the list', async () => {
    await bench(REPORT);
    expect(runBenches.mock.lastCall?.[0]).toMatchObject({
      names: face.BENCHES.map(({ name }) => name),
      quick: false,
    });
    await bench(REPORT, 'swap', 'receive', 'swap', '--quick');
    expect(runBenches.mock.lastCall?.[0]).toMatchObject({ names: ['receive', 'swap'], quick: true });
  });

  it('prints the report, and passes whatever goals are missed', async () => {
    const { out, err, status } = await bench(REPORT);
    expect(out).toMatch(/^PASS .* missed/);
    expect({ err, status }).toEqual({ err: '', status: 0 });
  });

  it('fails with a ledger', async () => {
    expect((await bench({ ...REPORT, verdict: 'fail' })).status).toBe(1);
  });

  it('writes JSON that it can read again, and a page', async () => {
    const json = file('report.json');
    const html = file('report.html');
    const { out } = await bench(REPORT, '--json', json, '--html', html);
    expect(out).toMatch(/^PASS/);
    expect(face.readReport(readFileSync(json, 'utf8'))).toEqual(REPORT);
    expect(readFileSync(html, 'utf8')).toBe(face.htmlReport(REPORT));
  });

  it('leaves standard output to the JSON', async () => {
    const { out, err } = await bench(REPORT, '--json', '-');
    expect(JSON.parse(out)).toEqual(REPORT);
    expect(err).toMatch(/^PASS/);
  });

  it('fails when a figure got worse, not when one got better, on the terminal and in the page', async () => {
    const old = file('old.json', REPORT);
    const html = file('compared.html');
    const { out, status } = await bench(SLOWED, '--compare', old, '--html', html);
    expect(status).toBe(1);
    expect(out).toMatch(/^WORSE[\s\S]*receive\/64\/polling\/ratio[\s\S]*\nWORSE/);
    expect(readFileSync(html, 'utf8')).toContain('id="comparison"');
    expect((await bench(REPORT, '--compare', file('slowed.json', SLOWED))).status).toBe(0);
  });

  it('lists the benches without running any', async () => {
    const { out } = await bench(REPORT, '--list');
    expect(runBenches).not.toHaveBeenCalled();
    for (const { name, title } of face.BENCHES) expect(out).toContain(`${name.padEnd(11)}${title}`);
  });
});

describe('bad usage of bench, before anything is run', () => {
  const quick = file('quick.json', sampleReport({ quick: true }));
  const full = file('full.json', REPORT);
  refuses([
    [
      'name',
      ['bench', 'recieve'],
      'no bench recieve',
      'did you mean "receive"?',
      'there are receive, forward',
    ],
    ['folder for JSON', ['bench', '--json', '/nowhere/x.json'], '--json /nowhere/x.json: ENOENT'],
    ['folder for the page', ['bench', '--html', '/nowhere/x.html'], '--html /nowhere/x.html: ENOENT'],
    ['older report', ['bench', '--compare', '/nowhere/old.json'], '--compare /nowhere/old.json: ENOENT'],
    ['text', ['bench', '--compare', 'README.md'], '--compare README.md: is no JSON'],
    [
      'other JSON',
      ['bench', '--compare', 'data/start.json'],
      '--compare data/start.json: is no bench report',
    ],
    ['quick run', ['bench', '--compare', quick], 'is of a quick run; give --quick'],
    ['full run', ['bench', '--quick', '--compare', full], 'is of a full run; leave --quick away'],
    ['option', ['bench', '--quik'], "unknown option '--quik' (did you mean --quick?)"],
  ]);
});

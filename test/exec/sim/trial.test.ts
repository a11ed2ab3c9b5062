/** The trial of a driver before it is given a device that works: what it finds, and where. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleModule } from '../../../src/exec/modules/own-module.ts';
import { type Objection, tryDriver } from '../../../src/exec/sim/trial.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-trial-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CARD = readFileSync('docs/examples/first-driver.mjs', 'utf8');
const DISK = readFileSync('docs/examples/lazy-disk.ts', 'utf8');

/** A driver's text with a change, in a file; where the change begins. */
function changed(text: string, name: string, from: string, to: string) {
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  const file = join(folder, name);
  const source = text.replace(from, to);
  writeFileSync(file, source);
  const line = source.slice(0, source.indexOf(to)).split('\n').length;
  return { file, line, text: source.split('\n')[line - 1] };
}

async function objectionTo(file: string): Promise<Objection> {
  const objection = await tryDriver(await bundleModule('driver', file));
  if (objection === undefined) throw new Error(`${file} was let through`);
  return objection;
}

describe('a driver that keeps the contract', () => {
  it.each(['docs/examples/first-driver.mjs', 'docs/examples/lazy-polling.mjs', 'docs/examples/lazy-disk.ts'])(
    'is let through: %s',
    async (path) => expect(await tryDriver(await bundleModule('driver', resolve(path)))).toBeUndefined(),
  );
});

describe('a driver that does not', () => {
  it('is quoted where it throws', async () => {
    const { file, line, text } = changed(
      CARD,
      'throws.mjs',
      'const ring = this.rx',
      "if (this.rx.length > 0) throw new RangeError('not mine'); const ring = this.rx",
    );
    const { message, place } = await objectionTo(file);
    expect(place).toMatchObject({ file, line, text });
    expect(message).toContain(`driver module ${file}:${line}:`);
    expect(message).toMatch(
      /round-robin 1\.0\.0 does not keep the contract in (start-stop|hand-over) \(.*\): .*not mine/,
    );
  });

  it('is quoted where it throws, of disks, in requests', async () => {
    const { file, line } = changed(
      DISK,
      'throws.ts',
      'let requests = 0;',
      "let requests = 0; throw new Error('not today');",
    );
    const { message, place } = await objectionTo(file);
    expect(place).toMatchObject({ file, line });
    expect(message).toMatch(/lazy-disk 1\.0\.0 does not keep the contract in alone .*not today/);
  });

  it('is quoted where it is made, if nothing throws', async () => {
    const { file } = changed(CARD, 'sleeps.mjs', 'if (short || state.workWaits()', 'if (false && short');
    const { message, place } = await objectionTo(file);
    expect(place).toMatchObject({ file, text: expect.stringContaining('create: ') });
    expect(message).toMatch(/does not keep the contract in .*; `ringswap conform` says more$/);
  });

  it('is refused as any module is, where it cannot be loaded', async () => {
    const file = join(folder, 'load.mjs');
    writeFileSync(file, "\nthrow new Error('no');");
    expect(await objectionTo(file)).toMatchObject({
      message: `driver module ${file}:2:7: no`,
      place: { line: 2 },
    });
  });
});

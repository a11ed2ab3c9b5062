import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { ROOT, sabotagedSource, sabotagePlugin } from './apply.ts';
import { BUGS } from './bugs.ts';
import { PARTS, type Sabotage } from './sabotage.ts';

const LEAST = 26;
const LEAST_OF_A_PART = 4;

function sourceOf({ file }: Sabotage): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

describe('the planted bugs', () => {
  it('have names of their own, in kebab-case', () => {
    const names = BUGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it('are enough, in all parts, and half of them show only under an interleaving', () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(LEAST);
    for (const part of PARTS)
      expect(BUGS.filter((bug) => bug.part === part).length).toBeGreaterThanOrEqual(LEAST_OF_A_PART);
    expect(BUGS.filter(({ interleaved }) => interleaved).length * 2).toBeGreaterThanOrEqual(BUGS.length);
  });

  it('differ from each other', () => {
    const texts = BUGS.map((bug) => `${bug.file}\n${sabotagedSource(bug, sourceOf(bug))}`);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it.each(BUGS.map((bug) => [bug.name, bug] as const))(
    '%s: anchors match once, and it compiles',
    async (_, bug) => {
      const source = sourceOf(bug);
      const sabotaged = sabotagedSource(bug, source);
      expect(sabotaged).not.toBe(source);
      expect(bug.says).toMatch(/^[A-Z].*\.$/);
      await transform(sabotaged, { loader: 'ts', format: 'esm' });
    },
  );
});

const SAMPLE: Sabotage = {
  name: 'sample',
  part: 'device',
  file: 'src/hw/bell.ts',
  edits: [
    { find: 'one', replace: '1' },
    { find: 'two', replace: '$& 2' },
  ],
  says: 'A sample.',
  interleaved: false,
};

describe('planting', () => {
  it('makes all edits, and takes replacements literally', () => {
    expect(sabotagedSource(SAMPLE, 'one two three')).toBe('1 $& 2 three');
  });

  it('refuses anchors that are missing or ambiguous', () => {
    expect(() => sabotagedSource(SAMPLE, 'one three')).toThrow('sample: the anchor occurs 0 times');
    expect(() => sabotagedSource(SAMPLE, 'one two two')).toThrow('occurs 2 times in src/hw/bell.ts');
  });

  const bundled = async (bug: Sabotage, entry: string) => {
    const { outputFiles } = await build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
      logLevel: 'silent',
      plugins: [sabotagePlugin(bug)],
    });
    return outputFiles[0].text;
  };
  const inBell: Sabotage = {
    ...SAMPLE,
    edits: [{ find: 'const ASLEEP = 1;', replace: 'const ASLEEP = 77;' }],
  };

  it('reaches a bundle', async () => {
    expect(await bundled(inBell, 'src/hw/bell.ts')).toContain('ASLEEP = 77');
  });

  it('says so when the file is in no bundle', async () => {
    await expect(bundled(inBell, 'src/hw/clock.ts')).rejects.toThrow(
      'sample: src/hw/bell.ts is not in the bundle',
    );
  });
});

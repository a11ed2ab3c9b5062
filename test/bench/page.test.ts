/** The page as text: whether it is sound, loads nothing, shows everything, and keeps names from becoming markup. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareReports } from '../../bench/compare.ts';
import { htmlReport } from '../../bench/index.ts';
import { SHADES } from '../../bench/page/matrix.ts';
import { colorsOf, DASHES } from '../../bench/page/palette.ts';
import type { BenchReport, LinePlot } from '../../bench/results.ts';
import { type Element, parsed } from '../cli/xml.ts';
import { sampleReport } from './sample.ts';

const REPORT = sampleReport();
const SLOWED = sampleReport({ seed: 2, slowed: { id: 'receive/64/polling/', factor: 1.2 } });
const PAGE = htmlReport(SLOWED, compareReports(REPORT, SLOWED));
const HOSTILE = `</script><!--<img src="https://example.org/x" onerror='alert(1)'>&amp; "q" \u0000\ud800`;

/** Elements and texts of a page, scripts and style without their contents. Throws where it is not well-formed. */
function elements(page: string): Element[] {
  const body = page
    .replace('<!DOCTYPE html>\n', '')
    .replaceAll(/(<(script|style)[^>]*>)[\s\S]*?<\/\2>/g, '$1</$2>');
  return parsed(body).flatMap(all);
}

function all(element: Element): Element[] {
  return [element, ...element.children.flatMap(all)];
}

function textOf(element: Element): string {
  return element.text + element.children.map(textOf).join('');
}

function named(page: string, name: string): Element[] {
  return elements(page).filter((element) => element.name === name);
}

function plotsIn(page: string): { plot: LinePlot; colors: number[] }[] {
  const [, data = ''] = /<script type="application\/json" id="plots">([\s\S]*?)<\/script>/.exec(page) ?? [];
  return JSON.parse(data);
}

describe('the page', () => {
  it('is well-formed, with one main heading and no id twice', () => {
    const found = elements(PAGE);
    expect(found.filter(({ name }) => name === 'h1')).toHaveLength(1);
    expect(found.filter(({ name }) => name === 'h2')).toHaveLength(2 + SLOWED.benches.length);
    const ids = found.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of found)
      if (attributes.href?.startsWith('#')) expect(ids).toContain(attributes.href.slice(1));
  });

  it('refers to nothing outside of it, and allows one script', () => {
    expect(PAGE).not.toMatch(/https?:|src=|url\(|@import|<iframe|<object/);
    for (const { attributes } of elements(PAGE)) expect(attributes.href ?? '#').toMatch(/^(#|data:,$)/);
    const scripts = [...PAGE.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256')
      .update(scripts[0] ?? '')
      .digest('base64');
    expect(PAGE).toContain(`default-src 'none'; script-src 'sha256-${hash}'`);
  });

  it('keeps the licence of what draws', () => {
    expect(PAGE).toContain('uPlot\n\nThe MIT License (MIT)\n\nCopyright (c) 2022 Leon Sorokin');
  });

  it('shows every figure, goal, note and number', () => {
    const rows = named(PAGE, 'tr').map((row) => row.children.map(textOf));
    for (const bench of SLOWED.benches) {
      for (const { id, values } of bench.figures) {
        const row = rows.find(([first, , , , count]) => first === id && count === String(values.length));
        expect(row, id).toBeDefined();
      }
      for (const goal of bench.goals)
        expect(rows.filter(([, text]) => text?.startsWith(goal.text))).toHaveLength(2);
    }
    const text = elements(PAGE).map(({ text }) => text);
    for (const { notes, summary, title, tables } of SLOWED.benches)
      for (const words of [...notes, summary, ...tables.map((table) => table.title)])
        expect(
          text.some((part) => part.includes(words)),
          `${words} of ${title}`,
        ).toBe(true);
  });

  it('has the plots as data and in words', () => {
    const lines = SLOWED.benches.flatMap(({ plots }) => plots.filter((plot) => plot.kind === 'lines'));
    expect(plotsIn(PAGE).map(({ plot }) => plot)).toEqual(lines);
    const drawn = elements(PAGE).filter(({ attributes }) => attributes['data-plot'] !== undefined);
    expect(drawn.map(({ attributes }) => attributes['data-plot'])).toEqual(
      lines.map((_, index) => String(index)),
    );
    for (const [index, { title, series }] of lines.entries()) {
      const { role, tabindex, 'aria-label': label = '' } = drawn[index].attributes;
      expect({ role, tabindex }).toEqual({ role: 'img', tabindex: '0' });
      for (const words of [title, ...series.map(({ name }) => `${name}: `)]) expect(label).toContain(words);
    }
    const points = lines.flatMap(({ series }) => series.flatMap(({ x }) => x)).length;
    expect(PAGE.match(/<tr><th scope="row" class="key">/g)?.length).toBeGreaterThanOrEqual(points);
  });

  it('names the heads of its tables', () => {
    for (const table of named(PAGE, 'table')) {
      const inside = all(table);
      expect(inside.filter(({ name }) => name === 'caption')).toHaveLength(1);
      for (const row of inside.filter(({ name }) => name === 'tbody').flatMap(({ children }) => children))
        expect(row.children.filter(({ attributes }) => attributes.scope === 'row').length).toBeGreaterThan(0);
    }
  });

  it('prints the matrix with its values, and what was not measured', () => {
    const [matrix] = elements(PAGE).filter(({ attributes }) => attributes.class === 'matrix');
    const cells = all(matrix).filter(({ attributes }) => attributes.class?.startsWith('shade '));
    expect(cells).toHaveLength(9);
    expect(cells.map(({ attributes }) => attributes.class)).toContain('shade shade-8');
    expect(textOf(cells[8])).toBe('–');
  });

  it('has the comparison, worst first, and only where there is one', () => {
    const [section] = elements(PAGE).filter(({ attributes }) => attributes.id === 'comparison');
    expect(textOf(section)).toContain('1 figure worse');
    expect(textOf(all(section).filter(({ name }) => name === 'tbody')[0])).toContain(
      'receive/64/polling/ratio',
    );
    expect(htmlReport(REPORT)).not.toContain('id="comparison"');
  });

  it('says of a ledger that failed what it found', () => {
    const [bench] = REPORT.benches;
    const ledger = {
      ...bench.ledger,
      verdict: 'fail' as const,
      violations: ['order on eth0: one too early'],
    };
    const page = htmlReport({ ...REPORT, verdict: 'fail', benches: [{ ...bench, ledger }] });
    expect(page).toContain('<strong class="fail">Ledger: fail.</strong>');
    expect(page).toContain('<li>order on eth0: one too early</li>');
  });
});

describe('hostile names', () => {
  const hostile: BenchReport = JSON.parse(JSON.stringify(REPORT), (key, value) =>
    ['title', 'name', 'note', 'summary', 'text', 'cpu', 'label', 'id'].includes(key) ? HOSTILE : value,
  );
  const page = htmlReport(
    { ...hostile, benches: hostile.benches.slice(3, 4) },
    compareReports(REPORT, { ...hostile, benches: hostile.benches.slice(3, 4) }),
  );

  it('stay text', () => {
    const found = elements(page);
    expect(found.filter(({ name }) => name === 'img')).toEqual([]);
    expect(found.filter(({ name }) => name === 'script')).toHaveLength(2);
    const [heading] = found.filter(({ name }) => name === 'h2').slice(2);
    expect(textOf(heading)).toContain(
      `<!--<img src="https://example.org/x" onerror='alert(1)'>&amp; "q" \ufffd\ufffd`,
    );
  });

  it('come to the script as they were', () => {
    const traffic = htmlReport({ ...hostile, benches: hostile.benches.slice(4, 5) });
    expect(plotsIn(traffic)[0].plot.title).toBe(HOSTILE);
    expect(/id="plots">([\s\S]*?)<\/script>/.exec(traffic)?.[1]).not.toContain('<');
  });
});

describe('colours', () => {
  const css = readFileSync('bench/page/browser/page.css', 'utf8');
  const plots = readFileSync('bench/page/browser/plots.css', 'utf8');
  const [light = '', dark = ''] = css.split('@media screen and (prefers-color-scheme: dark)');
  const themes = [
    { name: 'light', css: light },
    { name: 'dark', css: dark.slice(0, dark.indexOf('\n}\n')) },
  ];
  const color = (text: string, name: string) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(text)?.[1] ?? '';

  it.each(themes)('of text can be read, $name', ({ css }) => {
    for (const name of ['ink', 'muted', 'accent', 'good', 'fair', 'bad'])
      expect(contrast(color(css, name), color(css, 'paper')), name).toBeGreaterThanOrEqual(4.5);
  });

  it.each(themes)('of lines stand out, $name', ({ css }) => {
    for (let line = 0; line < DASHES.length; line++)
      expect(contrast(color(css, `line-${line}`), color(css, 'paper')), `${line}`).toBeGreaterThanOrEqual(3);
  });

  it.each(themes)(
    'of the matrix can be read in every shade, and each is stronger than the last, $name',
    ({ css }) => {
      const far: number[] = [];
      for (let shade = 0; shade < SHADES; shade++) {
        const [, text = ''] =
          new RegExp(`\\.shade-${shade} \\{[^}]*[^-]color: var\\(--(on-\\w+)\\)`).exec(plots) ?? [];
        const ground = color(css, `shade-${shade}`);
        expect(contrast(color(css, text), ground), `${shade}`).toBeGreaterThanOrEqual(4.5);
        far.push(contrast(ground, color(css, 'paper')));
      }
      expect(far).toEqual([...far].sort((a, b) => a - b));
    },
  );

  it('are different in one plot, the same for a name in all, with dashes that differ', () => {
    const series = (...names: string[]) => ({
      series: names.map((name) => ({ name, x: [], y: [] })),
      ...{ kind: 'lines' as const, title: '', x: { label: '' }, y: { label: '' } },
    });
    const [first, second, third] = colorsOf([
      series('a', 'b', 'c'),
      series('c', 'a'),
      series(...'abcdefghi'.slice(1)),
    ]);
    expect(second).toEqual([first[2], first[0]]);
    expect(new Set(third).size).toBe(8);
    expect(new Set(DASHES.map((dash) => dash.join())).size).toBe(DASHES.length);
  });
});

/** As WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

// Builds that the product's is compared with: the same sources, with one thing taken out or written by hand.
import { readFile } from 'node:fs/promises';

/** @typedef {import('esbuild').Plugin} Plugin */

/**
 * Changes the text of one file. Throws where the text to be changed is not there: a comparison with nothing
 * taken out would look like a very good result.
 * @param {string} name
 * @param {RegExp} filter
 * @param {readonly (readonly [from: string, to: string])[]} edits
 * @returns {Plugin}
 */
function edited(name, filter, edits) {
  return {
    name,
    setup(bundler) {
      bundler.onLoad({ filter }, async ({ path }) => {
        let contents = await readFile(path, 'utf8');
        for (const [from, to] of edits) {
          if (!contents.includes(from)) throw new Error(`${name}: ${path} has no ${from.trim()}`);
          contents = contents.replace(from, to);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** A CPU that cannot swap: its loop calls the driver, and looks at no timetable. */
export const unswappable = edited('unswappable', /src\/host\/cpu\.ts$/, [
  [
    '      const { mediator } = slot;\n      if (mediator !== null && !mediator.before()) return this.desk.after(slot, mediator, 0);\n',
    '',
  ],
  ['return mediator === null ? served : this.desk.after(slot, mediator, served);', 'return served;'],
  ['    const nowUs = this.clock.nowUs();\n    if (nowUs >= this.desk.dueUs) this.desk.tick(nowUs);\n', ''],
]);

/**
 * Atomics and plain stores in place of the calls that the simulation exchanges.
 * @type {Plugin}
 */
export const byHand = {
  name: 'by hand',
  setup(bundler) {
    bundler.onLoad({ filter: /(src|bench)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (path.endsWith('hw/shared.ts') || !/from '[./]*(hw\/)?shared\.ts'/.test(text)) return undefined;
      const called = text.replaceAll(
        /(?<![.\w] ?|function )\b(load|store|add|or|and|exchange|compareExchange)\((?=[\w.]*words)/g,
        'Atomics.$1(',
      );
      const stored = called.replaceAll(/^( *)put\(([\w.]+), ([^,;]+), ([^,;]+)\);/gm, '$1$2[$3] = $4;');
      return { contents: stored, loader: 'ts' };
    });
  },
};

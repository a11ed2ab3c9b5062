/** Versions of a driver with formats of their own, in scenarios by lot: what each keeps for itself is whole, whatever happens. */
import { expect, it } from 'vitest';
import { Workbench } from '../../../src/exec/sim/seeds.ts';
import { MARKS, marked, VERSIONS } from '../../swap/marked.ts';
import { FEW, scenario } from './scenarios.ts';

const bench = new Workbench(
  VERSIONS.map((version) => marked(version)),
  [],
  [MARKS],
);

it('under all faults', () => {
  let between = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { violation, records } = bench.run(bench.draw(seed));
    expect(violation, `seed ${seed}`).toBeUndefined();
    between += records.filter(
      ({ from, to, outcome }) => outcome === 'done' && from !== to && /^marked.*marked/.test(from + to),
    ).length;
  }
  expect(between).toBeGreaterThan(20);
});

it('where the CPU dies before any access of a swap between two of them', () => {
  const card = {
    parameters: { rxRing: 16, rxBuffers: 8, txRing: 8, burst: 4 },
    frames: 12,
    flows: 3,
    gapsUs: [0, 0, 3],
    driver: 'marked-1',
    app: 'echo',
  };
  const what = scenario([card], [{ to: 'marked-3', after: 2, parameters: FEW }]);
  for (let at = 1; ; at++) {
    const { violation, covered } = bench.run({ ...what, strikeEvery: 0.5, crashAt: [at] });
    expect(violation, `at access ${at}`).toBeUndefined();
    if (covered.situations['cards taken over'] !== undefined) continue;
    expect(at).toBeGreaterThan(200);
    return;
  }
});

/** Which description of an assignment holds, for whoever comes after. */
import { describe, expect, it } from 'vitest';
import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import { ParameterError } from '../../src/drivers/parameters.ts';
import { ASSIGNMENT_BYTES, Assignment, placeIn } from '../../src/swap/assignment.ts';
import { defaultsOf } from '../../src/swap/scratch.ts';

const [first, second, third] = NIC_DRIVERS;
const KNOWN = new Map(NIC_DRIVERS.map((definition) => [definition.name, definition]));

function make() {
  const words = new Int32Array(new SharedArrayBuffer(ASSIGNMENT_BYTES + 16));
  words.fill(-1);
  words.fill(0, 4);
  const read = () => new Assignment(words, 4, KNOWN).read();
  return { words, read, assignment: new Assignment(words, 4, KNOWN) };
}

describe('an assignment', () => {
  it('holds what was pointed to, not what was prepared', () => {
    const { assignment, read } = make();
    assignment.prepare(first, { ...defaultsOf(first), burst: 3 });
    assignment.point();
    assignment.prepare(second, { ...defaultsOf(second), burst: 5 });
    expect(read()).toMatchObject({ definition: first, parameters: { ...defaultsOf(first), burst: 3 } });
    assignment.point();
    expect(read()).toMatchObject({ definition: second, parameters: { ...defaultsOf(second), burst: 5 } });
  });

  it('has a bank for each of its descriptions', () => {
    const { assignment } = make();
    const banks = [first, second, third].map((definition) => {
      assignment.prepare(definition, defaultsOf(definition));
      const { bank, nextBank } = assignment;
      assignment.point();
      expect(assignment.bank).toBe(nextBank);
      return [bank, nextBank];
    });
    expect(banks).toEqual([
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
  });

  it('goes back to what was there before, and on to a third', () => {
    const { assignment, read } = make();
    assignment.prepare(first, defaultsOf(first));
    assignment.point();
    assignment.prepare(second, defaultsOf(second));
    expect(read()?.definition).toBe(first); // a swap that fails before it points has done nothing
    assignment.prepare(second, defaultsOf(second));
    assignment.point();
    assignment.point();
    assignment.prepare(first, defaultsOf(first));
    assignment.point();
    expect(read()?.definition).toBe(first);
    assignment.prepare(third, defaultsOf(third));
    expect(read()?.definition).toBe(first);
    assignment.point();
    expect(read()?.definition).toBe(third);
  });

  it('has a description restated that held earlier, whatever came since', () => {
    const { assignment, words, read } = make();
    const onlooker = new Assignment(words, 4, new Map()); // knows no driver
    assignment.prepare(first, { ...defaultsOf(first), burst: 9 });
    assignment.point();
    const noted = onlooker.describe() ?? [];
    expect(placeIn(noted)).toBe(0);
    for (const definition of [second, third]) {
      assignment.prepare(definition, defaultsOf(definition));
      assignment.point();
    }
    expect(placeIn(onlooker.describe() ?? [])).toBe(2);
    const { version } = assignment;
    onlooker.restate(noted);
    expect(read()).toMatchObject({ definition: first, parameters: { burst: 9 } });
    expect(assignment.version).not.toBe(version); // a CPU that was made before sees that something has changed
  });

  it('says where the state block lies once it is served, and keeps within its words', () => {
    const { assignment, words } = make();
    expect(assignment.stateAddress).toBe(0);
    assignment.serve(8192);
    for (const definition of NIC_DRIVERS) {
      assignment.prepare(definition, defaultsOf(definition));
      assignment.point();
    }
    expect(assignment.stateAddress).toBe(8192);
    expect([...words.subarray(0, 4)]).toEqual([-1, -1, -1, -1]);
  });

  it('has no room for more parameters than it has, and says so', () => {
    const { assignment } = make();
    const parameters = Array.from({ length: 32 }, (_, i) => ({ ...first.parameters[0], name: `p${i}` }));
    expect(() => assignment.prepare({ ...first, parameters }, {})).toThrow(ParameterError);
  });
});

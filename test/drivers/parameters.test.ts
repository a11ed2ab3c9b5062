import { describe, expect, it } from 'vitest';
import { NIC_DRIVERS } from '../../src/drivers/index.ts';
import {
  ParameterError,
  type ParameterSpec,
  reshaped,
  resolveParameters,
} from '../../src/drivers/parameters.ts';

const SPECS: readonly ParameterSpec[] = [
  {
    name: 'ring',
    description: '',
    unit: 'descriptors',
    min: 64,
    max: 4096,
    default: 512,
    powerOfTwo: true,
    geometry: true,
  },
  { name: 'burst', description: '', unit: 'frames', min: 1, max: 256, default: 32 },
];

function refusal(given: Record<string, number>, kept: Record<string, number> = {}): string {
  try {
    resolveParameters('toy', SPECS, given, kept);
  } catch (error) {
    if (error instanceof ParameterError) return error.message;
    throw error;
  }
  return 'taken';
}

describe('resolving parameters', () => {
  it('takes defaults where nothing is said', () => {
    expect(resolveParameters('toy', SPECS, {})).toEqual({ ring: 512, burst: 32 });
  });

  it('puts given values over kept ones, and kept ones over defaults', () => {
    expect(resolveParameters('toy', SPECS, { ring: 64 }, { ring: 1024 }).ring).toBe(64);
    expect(resolveParameters('toy', SPECS, {}, { ring: 1024 }).ring).toBe(1024);
  });

  it('keeps geometry over a swap, and no habits', () => {
    expect(resolveParameters('toy', SPECS, {}, { ring: 1024, burst: 7, unknown: 3 })).toEqual({
      ring: 1024,
      burst: 32,
    });
  });

  it.each([63, 8192, 0, -64, Number.NaN, Number.POSITIVE_INFINITY, 128.5])(
    'refuses ring=%d and names the range and the unit',
    (ring) => {
      expect(refusal({ ring })).toBe(
        `ring=${ring} does not fit driver toy: give a power of two from 64 to 4096 (descriptors)`,
      );
    },
  );

  it('refuses a length within the range that is no power of two', () => {
    expect(refusal({ ring: 65 })).toContain('a power of two from 64 to 4096');
    expect(refusal({ ring: 4095 })).toContain('a power of two from 64 to 4096');
  });

  it.each([0, 257, 1.5])('refuses burst=%d as no whole number in its range', (burst) => {
    expect(refusal({ burst })).toContain('give a whole number from 1 to 256 (frames)');
  });

  it('takes both ends of a range', () => {
    expect(resolveParameters('toy', SPECS, { ring: 64, burst: 256 })).toEqual({ ring: 64, burst: 256 });
    expect(resolveParameters('toy', SPECS, { ring: 4096, burst: 1 })).toEqual({ ring: 4096, burst: 1 });
  });

  it('checks kept values too: a ring that the next driver cannot have is refused', () => {
    expect(refusal({}, { ring: 8192 })).toContain('ring=8192');
  });

  it('names the parameters that there are when one is unknown', () => {
    expect(refusal({ rings: 64 })).toBe('driver toy has no parameter rings; it has ring, burst');
  });
});

describe('the built-in drivers', () => {
  it.each(NIC_DRIVERS.map((driver) => [driver.name, driver] as const))(
    '%s: defaults lie within their ranges, and all share one geometry',
    (_, driver) => {
      const defaults = Object.fromEntries(driver.parameters.map((spec) => [spec.name, spec.default]));
      expect(resolveParameters(driver.name, driver.parameters, defaults)).toEqual(defaults);
      const geometry = driver.parameters.filter((spec) => spec.geometry === true).map((spec) => spec.name);
      expect(geometry).toEqual(['rxRing', 'rxBuffers', 'txRing']);
    },
  );

  it.each(NIC_DRIVERS.map((driver) => [driver.name, driver] as const))(
    '%s: every parameter is refused just outside its range, with its range in the message',
    (_, driver) => {
      for (const { name, min, max } of driver.parameters)
        for (const value of [min - 1, max + 1])
          expect(() => resolveParameters(driver.name, driver.parameters, { [name]: value })).toThrow(
            `from ${min} to ${max}`,
          );
    },
  );
});

describe('reshaping parameters that came from another thread', () => {
  it('keeps the values and takes the names in the order of resolved ones', () => {
    const told = structuredClone({ burst: 8, ring: 64 });
    expect(Object.entries(reshaped('toy', SPECS, told))).toEqual([
      ['ring', 64],
      ['burst', 8],
    ]);
  });

  it('takes the default of what was not told', () => {
    expect(reshaped('toy', SPECS, { burst: 8 })).toEqual(resolveParameters('toy', SPECS, { burst: 8 }));
  });
});

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/testbed/errors.ts';
import { didYouMean } from '../../src/testbed/suggest.ts';
import { parseDuration, parseSize } from '../../src/testbed/units.ts';

describe('durations', () => {
  it.each([
    ['250us', 250],
    ['1.5ms', 1500],
    ['5s', 5e6],
    ['1m', 60e6],
  ])('%s is %i us', (text, us) => expect(parseDuration(text)).toBe(us));

  it.each(['', '5', 's', '-1s', '5 s', '5h', '1e3s', '5S', '5toString'])('"%s" is none', (text) => {
    expect(() => parseDuration(text)).toThrow(UsageError);
    expect(() => parseDuration(text)).toThrow(`"${text}" is no duration`);
  });
});

describe('sizes', () => {
  it.each([
    ['4096', 4096],
    ['512K', 512 * 1024],
    ['64M', 64 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
  ])('%s is %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(['', '64Q', '64m', 'M'])('"%s" is none', (text) => {
    expect(() => parseSize(text)).toThrow(`"${text}" is no size`);
  });
});

describe('a suggestion', () => {
  it('is made for what is close alone', () => {
    const names = ['interrupt', 'polling', 'batching'];
    expect(didYouMean('poling', names)).toBe(' (did you mean "polling"?)');
    expect(didYouMean('Interupt', names)).toBe(' (did you mean "interrupt"?)');
    expect(didYouMean('xyzzy', names)).toBe('');
  });
});

import { expect, it } from 'vitest';
import { RecordKeeper } from '../../src/swap/keeper.ts';
import { newRecord, type SwapRecord } from '../../src/swap/record.ts';

function ended(id: number, change: Partial<SwapRecord> = {}): SwapRecord {
  return Object.assign(
    newRecord('eth0', 'polling', 'polling', id, 'inplace', id),
    { outcome: 'done' },
    change,
  );
}

it('keeps the newest of more swaps than it has room for, and counts the others', () => {
  const keeper = new RecordKeeper(4);
  for (let id = 1; id <= 11; id++) keeper.keep(ended(id));
  expect(keeper.records.map(({ id }) => id).sort((a, b) => a - b)).toEqual([8, 9, 10, 11]);
  expect(keeper.unkept).toBe(7);
});

it('never forgets a swap that failed, nor one that cost a frame or a request', () => {
  const keeper = new RecordKeeper(4);
  keeper.keep(ended(1, { outcome: 'refused' }));
  keeper.keep(ended(2, { discarded: 3 }));
  keeper.keep(ended(3, { aborted: 1 }));
  for (let id = 4; id <= 40; id++) keeper.keep(ended(id));
  expect(keeper.records.map(({ id }) => id)).toEqual(expect.arrayContaining([1, 2, 3, 40]));
  expect(keeper.records.length + keeper.unkept).toBe(40);
});

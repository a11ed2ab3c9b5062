import type { Driver } from '../../src/drivers/contract.ts';

/** Tells of the calls of a pause before they are made. */
export function telling<T extends Driver>(driver: T, name: string, tell: (call: string) => void): T {
  for (const call of ['quiesce', 'exportState', 'importState', 'activate'] as const) {
    const own = driver[call].bind(driver);
    driver[call] = (format?: string) => {
      tell(`${name} ${call}`);
      own(format ?? '');
    };
  }
  return driver;
}

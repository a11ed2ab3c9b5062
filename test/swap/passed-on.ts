import type { Driver } from '../../src/drivers/contract.ts';

/** What every driver has, as calls that go on to this one. */
export function passedOn(driver: Driver): Driver {
  return {
    start: () => driver.start(),
    stop: () => driver.stop(),
    exportState: (format) => driver.exportState(format),
    importState: (format) => driver.importState(format),
    activate: () => driver.activate(),
    quiesce: () => driver.quiesce(),
    poll: (budget) => driver.poll(budget),
    interrupt: (vector) => driver.interrupt(vector),
    idle: () => driver.idle(),
    release: () => driver.release(),
  };
}

/** Drivers that fail on purpose: a built-in one, with some of its methods exchanged. */
import type { NicDriver, NicDriverDefinition, NicEnvironment } from '../../src/drivers/contract.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import type { Parameters } from '../../src/drivers/parameters.ts';
import { passedOn } from './passed-on.ts';

/** On the scratch card, on which drivers are warmed, a faulty driver behaves. */
export function isScratch(environment: NicEnvironment): boolean {
  return environment.port.name === 'scratch';
}

/** A driver that is `base`, but for the methods that `change` gives on a real card. */
export function altered(
  name: string,
  base: NicDriverDefinition,
  change: (driver: NicDriver, environment: NicEnvironment) => Partial<NicDriver>,
): NicDriverDefinition {
  return {
    ...base,
    name,
    create: (environment: NicEnvironment, parameters: Parameters) => {
      const driver = base.create(environment, parameters);
      return isScratch(environment) ? driver : delegating(driver, change(driver, environment));
    },
  };
}

function delegating(driver: NicDriver, change: Partial<NicDriver>): NicDriver {
  return {
    ...passedOn(driver),
    room: (queue) => driver.room(queue),
    transmit: (...frames) => driver.transmit(...frames),
    queuesChanged: () => driver.queuesChanged?.(),
    setReceiveBuffers: (count) => driver.setReceiveBuffers?.(count),
    ...change,
  };
}

export class Fault extends Error {}

export type Method = 'importState' | 'exportState' | 'activate' | 'quiesce' | 'release' | 'queuesChanged';

/** Throws in this method, before or after it has done its work. */
export function throwingIn(method: Method, when: 'before' | 'after', base = interrupt): NicDriverDefinition {
  return altered(`bad-${method}`, base, (driver) => ({
    [method]: (argument: string): void => {
      if (when === 'before') throw new Fault(`${method} failed`);
      if (method === 'importState' || method === 'exportState') driver[method](argument);
      else driver[method]?.();
      throw new Fault(`${method} failed`);
    },
  }));
}

/** Throws in its `nth` poll with frames to deliver, before it has done any work. */
export function throwingInPoll(nth: number, base = polling): NicDriverDefinition {
  return altered(`bad-poll-${nth}`, base, (driver) => {
    let polls = 0;
    return {
      poll: (budget) => {
        if (++polls === nth) throw new Fault(`poll ${nth} failed`);
        return driver.poll(budget);
      },
    };
  });
}

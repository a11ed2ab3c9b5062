/** What a driver passes on to the same driver on the next CPU, beyond rings: the words that it has for itself. */
import { STATE_FORMAT } from '../drivers/nic/state.ts';
import { DISK_FORMAT } from '../drivers/nvme/state.ts';
import type { AnySlot } from '../swap/slot.ts';

/** In which there is nothing of any driver's own. */
const COMMON = { nic: STATE_FORMAT, nvme: DISK_FORMAT } as const;

/** A driver that has ended its service writes down what is to be found. The bank is the one that it has: no other driver comes in between. */
export function passOn({ assignment, driver, environment }: AnySlot, format: string): void {
  environment.state.own.moveTo(assignment.bank, format);
  driver.exportState(format);
}

/** The next one finds it, in whatever format the CPU before has left it; words that it does not understand are none. */
export function takeUp({ assignment, definition, driver, environment }: AnySlot, format: string): void {
  const { imports, device } = definition;
  const { own } = environment.state;
  const usual = imports.includes(COMMON[device]) ? COMMON[device] : format;
  const found = imports.find((known) => own.isIn(known)) ?? usual;
  own.moveTo(assignment.bank, found);
  driver.importState(found);
}

/** What a driver passes on to the same driver on the next CPU, beyond rings: the words that it has for itself. */
import { STATE_FORMAT } from '../drivers/nic/state.ts';
import type { AnySlot } from '../swap/slot.ts';

/** A driver that has ended its service writes down what is to be found. The bank is the one that it has: no other driver comes in between. */
export function passOn({ assignment, driver, environment }: AnySlot, format: string): void {
  environment.state.own.moveTo(assignment.bank, format);
  driver.exportState(format);
}

/**
 * The next one finds it, in whatever format the CPU before has left it; words that it does not understand are none. Formats of disks
 * differ in more than these words, so a disk is taken up in `format`, which is the driver's own.
 */
export function takeUp({ assignment, definition, driver, environment }: AnySlot, format: string): void {
  const { imports, device } = definition;
  const { own } = environment.state;
  const usual = imports.includes(STATE_FORMAT) ? STATE_FORMAT : format;
  const found = device === 'nvme' ? format : (imports.find((known) => own.isIn(known)) ?? usual);
  own.moveTo(assignment.bank, found);
  driver.importState(found);
}

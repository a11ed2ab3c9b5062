/** Log pages (5.14.1) beside that of errors. */
import { FIRMWARE_LOG_BYTES, SMART, SMART_LOG_BYTES, SMART_UNIT_BLOCKS } from './datasheet.ts';
import { FIRMWARE_REVISION } from './identify.ts';
import type { IoCounts } from './io.ts';

/** The machine has no thermometer: 40 degrees Celsius. */
const KELVIN = 313;
const SPARE_PERCENT = 100;
const SPARE_THRESHOLD_PERCENT = 10;

export function smartLog(counts: IoCounts, errors: number): Uint8Array {
  const page = new Uint8Array(SMART_LOG_BYTES);
  const view = new DataView(page.buffer);
  view.setUint16(SMART.temperature, KELVIN, true);
  page[SMART.spare] = SPARE_PERCENT;
  page[SMART.spareThreshold] = SPARE_THRESHOLD_PERCENT;
  putCount(view, SMART.unitsRead, Math.ceil(counts.blocksRead / SMART_UNIT_BLOCKS));
  putCount(view, SMART.unitsWritten, Math.ceil(counts.blocksWritten / SMART_UNIT_BLOCKS));
  putCount(view, SMART.reads, counts.reads);
  putCount(view, SMART.writes, counts.writes);
  putCount(view, SMART.mediaErrors, counts.mediaErrors);
  putCount(view, SMART.errorEntries, errors);
  return page;
}

/** One slot, which is active. */
export function firmwareLog(): Uint8Array {
  const page = new Uint8Array(FIRMWARE_LOG_BYTES);
  page[0] = 1;
  page.set(new TextEncoder().encode(FIRMWARE_REVISION.padEnd(8)), 8);
  return page;
}

/** The low half of a 128-bit counter. */
function putCount(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

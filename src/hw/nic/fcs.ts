import { crc32 } from 'node:zlib';
import type { Memory } from '../memory.ts';
import { FCS_BYTES } from './wire.ts';

/** Frames cross the model's cable without FCS; it is made when a driver asks not to strip it. */
export function appendFcs({ bytes }: Memory, address: number, length: number): void {
  const fcs = crc32(bytes.subarray(address, address + length));
  for (let byte = 0; byte < FCS_BYTES; byte++) bytes[address + length + byte] = fcs >>> (8 * byte);
}

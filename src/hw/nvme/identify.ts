/** The data structures that Identify returns (5.15.2). */
import {
  ACL,
  AERL,
  AWUPF,
  BLOCK_SHIFT,
  CNTRLTYPE_IO,
  CQE_SHIFT,
  DLFEAT_ZEROS,
  ERROR_ENTRIES,
  IDC,
  IDENTIFY_BYTES,
  IDN,
  LBAF_LBADS,
  MAX_TRANSFER_BLOCKS,
  MDTS,
  NAMESPACE,
  NIDT_UUID,
  ONCS_COMPARE,
  ONCS_DSM,
  ONCS_WRITE_ZEROES,
  SQE_SHIFT,
  UUID_BYTES,
  VS_1_4,
  VWC_FLUSH_ALL,
  VWC_PRESENT,
} from './datasheet.ts';
import { CRITICAL_KELVIN, DEFAULT_BURST, WARNING_KELVIN } from './features.ts';

export const FIRMWARE_REVISION = '1.0';
const MODEL = 'ringswap disk';
const SERIAL_BYTES = 20;
const MODEL_BYTES = 40;
const REVISION_BYTES = 8;
/** One firmware slot, which is read-only (FRMW). */
const ONE_FIRMWARE_SLOT = (1 << 1) | 1;

export function identifyController(device: number, hasCache: boolean): Uint8Array {
  const page = new Uint8Array(IDENTIFY_BYTES);
  const view = new DataView(page.buffer);
  putText(page, IDC.sn, SERIAL_BYTES, `RS${String(device).padStart(6, '0')}`);
  putText(page, IDC.mn, MODEL_BYTES, MODEL);
  putText(page, IDC.fr, REVISION_BYTES, FIRMWARE_REVISION);
  page[IDC.rab] = DEFAULT_BURST;
  page[IDC.mdts] = MDTS;
  view.setUint16(IDC.cntlid, device, true);
  view.setUint32(IDC.ver, VS_1_4, true);
  page[IDC.cntrltype] = CNTRLTYPE_IO;
  page[IDC.acl] = ACL;
  page[IDC.aerl] = AERL;
  page[IDC.frmw] = ONE_FIRMWARE_SLOT;
  page[IDC.elpe] = ERROR_ENTRIES - 1;
  view.setUint16(IDC.wctemp, WARNING_KELVIN, true);
  view.setUint16(IDC.cctemp, CRITICAL_KELVIN, true);
  page[IDC.sqes] = (SQE_SHIFT << 4) | SQE_SHIFT;
  page[IDC.cqes] = (CQE_SHIFT << 4) | CQE_SHIFT;
  view.setUint32(IDC.nn, NAMESPACE, true);
  view.setUint16(IDC.oncs, ONCS_COMPARE | ONCS_DSM | ONCS_WRITE_ZEROES, true);
  page[IDC.vwc] = VWC_FLUSH_ALL | (hasCache ? VWC_PRESENT : 0);
  // Commands are executed one at a time, so no two of them mix.
  view.setUint16(IDC.awun, MAX_TRANSFER_BLOCKS - 1, true);
  view.setUint16(IDC.awupf, AWUPF, true);
  page.set(new TextEncoder().encode(`nqn.2014-08.org.nvmexpress:uuid:${uuidText(device)}`), IDC.subnqn);
  return page;
}

export function identifyNamespace(blocks: number): Uint8Array {
  const page = new Uint8Array(IDENTIFY_BYTES);
  const view = new DataView(page.buffer);
  for (const offset of [IDN.nsze, IDN.ncap, IDN.nuse]) {
    view.setUint32(offset, blocks, true);
    view.setUint32(offset + 4, Math.floor(blocks / 2 ** 32), true);
  }
  page[IDN.dlfeat] = DLFEAT_ZEROS;
  page[IDN.lbaf0 + LBAF_LBADS] = BLOCK_SHIFT;
  return page;
}

/** Active namespaces above the given one. */
export function identifyActive(above: number): Uint8Array {
  const page = new Uint8Array(IDENTIFY_BYTES);
  if (above < NAMESPACE) page[0] = NAMESPACE;
  return page;
}

export function identifyDescriptors(device: number): Uint8Array {
  const page = new Uint8Array(IDENTIFY_BYTES);
  page[0] = NIDT_UUID;
  page[1] = UUID_BYTES;
  page.set(Buffer.from(uuidText(device).replaceAll('-', ''), 'hex'), 4);
  return page;
}

/** Of a form that anyone may make up (RFC 4122, version 4), the same in every run. */
function uuidText(device: number): string {
  return `72696e67-7377-4170-8000-${device.toString(16).padStart(12, '0')}`;
}

/** ASCII, filled with spaces (1.5). */
function putText(page: Uint8Array, offset: number, length: number, text: string): void {
  page.set(new TextEncoder().encode(text.padEnd(length)), offset);
}

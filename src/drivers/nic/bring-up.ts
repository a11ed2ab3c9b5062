/** How a card is brought up and its queues switched, register by register (4.6.3, 4.6.7, 4.6.8). */
import {
  AUTOC,
  AUTOC_AN_RESTART,
  AUTOC_LMS_10G_SERIAL,
  CTRL,
  CTRL_EXT,
  CTRL_EXT_NS_DIS,
  CTRL_LRST,
  CTRL_RST,
  DESCRIPTOR_BYTES,
  DMATXCTL,
  DMATXCTL_TE,
  DTXMXSZRQ,
  EEC,
  EEC_ARD,
  EIAC,
  EIAM,
  EICR_QUEUES,
  EIMC,
  FCCFG,
  FCCFG_TFCE_802_3X,
  FCRTH,
  FCRTH_FCEN,
  FCRTL,
  FCRTL_XONE,
  FCTRL,
  FCTRL_BAM,
  FCTRL_MPE,
  FCTRL_UPE,
  FCTTV,
  GPIE,
  GPIE_EIAME,
  GPIE_MULTIPLE_MSIX,
  GPIE_PBA_SUPPORT,
  HLREG0,
  HLREG0_JUMBOEN,
  HLREG0_RXCRCSTRP,
  HLREG0_TXCRCEN,
  HLREG0_TXPADEN,
  IVAR_VALID,
  ivar,
  LINKS,
  LINKS_UP,
  MAXFRS,
  MFLCN,
  MFLCN_RFCE,
  MRQC,
  MRQC_HASH_ALL,
  MRQC_RSS,
  QUEUE_ENABLE,
  RDRXCTL,
  RDRXCTL_CRCSTRIP,
  RDRXCTL_DMAIDONE,
  RETA_WORDS,
  RSSRK_WORDS,
  RTTDCS,
  RTTDCS_ARBDIS,
  RXCTRL,
  RXCTRL_RXEN,
  rdbah,
  rdbal,
  rdh,
  rdlen,
  rdt,
  reta,
  rqsmr,
  rssrk,
  rxdctl,
  rxpbsize,
  SRRCTL_DESCTYPE_ADV_ONEBUF,
  srrctl,
  tdbah,
  tdbal,
  tdh,
  tdlen,
  tdt,
  tqsm,
  txdctl,
  txpbsize,
} from '../../hw/nic/datasheet.ts';
import type { NicPort } from '../../hw/nic/port.ts';
import { BUFFER_BYTES } from '../pool.ts';

const ALL_INTERRUPTS = 0x7fffffff;
const MAX_FRAME_BYTES = 9216;
/** What may still come in after PAUSE is sent, with room to spare; half of a packet buffer that is small. */
const PAUSE_HEADROOM_BYTES = 64 * 1024;
const PAUSE_QUANTA = 0xffff;
/** The key of the published RSS verification suite, as little-endian words. */
const RSS_KEY = [
  0xda565a6d, 0xc20e5b25, 0x3d256741, 0xb08fa343, 0xcb2bcad0, 0xb4307bae, 0xa32dcb77, 0x0cf23080, 0x3bb7426a,
  0xfa01acbe,
];

/** The card does not answer as the datasheet says. */
export class BringUpError extends Error {
  constructor(nic: string, what: string) {
    super(`${nic}: ${what} did not come about; the card does not answer`);
    this.name = 'BringUpError';
  }
}

/** Waits a slice at a time. The bound is on looks, each far apart on an idle CPU, not on time. */
export function* until(nic: string, what: string, holds: () => boolean): Generator<void> {
  for (let look = 0; look < 50_000_000; look++) {
    if (holds()) return;
    yield;
  }
  throw new BringUpError(nic, what);
}

/** Reset, then everything that is not a queue's (4.6.3). Ends with the receiver off and the link still training. */
export function* bringUp(port: NicPort, queues: number): Generator<void> {
  port.write32(EIMC, ALL_INTERRUPTS);
  port.write32(CTRL, CTRL_LRST | CTRL_RST);
  yield* until(port.name, 'the reset', () => (port.read32(CTRL) & (CTRL_LRST | CTRL_RST)) === 0);
  port.write32(EIMC, ALL_INTERRUPTS);
  yield* until(port.name, 'EEPROM auto read', () => (port.read32(EEC) & EEC_ARD) !== 0);
  yield* until(port.name, 'DMA initialisation', () => (port.read32(RDRXCTL) & RDRXCTL_DMAIDONE) !== 0);
  port.write32(AUTOC, AUTOC_LMS_10G_SERIAL | AUTOC_AN_RESTART);
  setUpReceive(port, queues);
  setUpFlowControl(port, port.read32(rxpbsize(0))); // after a reset, all of the card's packet buffer
  setUpTransmit(port);
  setUpInterrupts(port, queues);
}

/** The receiver goes on after its first queues are enabled, so nothing is dropped for want of a queue. */
export function* openReceiver(port: NicPort): Generator<void> {
  port.write32(RXCTRL, RXCTRL_RXEN);
  yield* until(port.name, 'the link', () => (port.read32(LINKS) & LINKS_UP) !== 0);
}

function setUpReceive(port: NicPort, queues: number): void {
  port.write32(RXCTRL, 0);
  for (let buffer = 1; buffer < 8; buffer++) port.write32(rxpbsize(buffer), 0);
  port.write32(HLREG0, HLREG0_TXCRCEN | HLREG0_RXCRCSTRP | HLREG0_TXPADEN | HLREG0_JUMBOEN);
  port.write32(MAXFRS, MAX_FRAME_BYTES << 16);
  port.write32(RDRXCTL, port.read32(RDRXCTL) | RDRXCTL_CRCSTRIP);
  port.write32(FCTRL, FCTRL_BAM | FCTRL_MPE | FCTRL_UPE);
  for (let word = 0; word < RSSRK_WORDS; word++) port.write32(rssrk(word), RSS_KEY[word]);
  for (let word = 0; word < RETA_WORDS; word++) {
    let entries = 0;
    for (let byte = 0; byte < 4; byte++) entries |= ((word * 4 + byte) % queues) << (8 * byte);
    port.write32(reta(word), entries);
  }
  port.write32(MRQC, MRQC_RSS | MRQC_HASH_ALL);
  // Statistics counter i counts queue i (8.2.3.23).
  for (let word = 0; word < 2; word++) {
    port.write32(rqsmr(word), 0x03020100 + word * 0x04040404);
    port.write32(tqsm(word), 0x03020100 + word * 0x04040404);
  }
  port.write32(CTRL_EXT, CTRL_EXT_NS_DIS);
}

/** PAUSE both ways (3.7.7): sent above the high mark of the packet buffer, taken back below the low one. */
function setUpFlowControl(port: NicPort, bufferBytes: number): void {
  const headroom = Math.min(PAUSE_HEADROOM_BYTES, bufferBytes / 2);
  port.write32(FCTTV, PAUSE_QUANTA);
  port.write32(FCRTL, (bufferBytes / 4) | FCRTL_XONE);
  port.write32(FCRTH, (bufferBytes - headroom) | FCRTH_FCEN);
  port.write32(FCCFG, FCCFG_TFCE_802_3X);
  port.write32(MFLCN, MFLCN_RFCE);
}

function setUpTransmit(port: NicPort): void {
  port.write32(txpbsize(0), 0x28000);
  for (let buffer = 1; buffer < 8; buffer++) port.write32(txpbsize(buffer), 0);
  port.write32(DTXMXSZRQ, 0xffff);
  port.write32(RTTDCS, port.read32(RTTDCS) & ~RTTDCS_ARBDIS);
  port.write32(DMATXCTL, DMATXCTL_TE);
}

/** Queue i, both ways, raises vector i; the cause and the mask bit clear by themselves (7.3.2). */
function setUpInterrupts(port: NicPort, queues: number): void {
  port.write32(GPIE, GPIE_MULTIPLE_MSIX | GPIE_PBA_SUPPORT | GPIE_EIAME);
  port.write32(EIAC, EICR_QUEUES);
  port.write32(EIAM, EICR_QUEUES);
  for (let queue = 0; queue < queues; queue++) routeQueue(port, queue, queue);
}

/** Both causes of a queue go to one vector. */
export function routeQueue(port: NicPort, queue: number, vector: number): void {
  const shift = (queue & 1) * 16;
  const entry = (IVAR_VALID | vector) * 0x0101;
  port.write32(ivar(queue), (port.read32(ivar(queue)) & ~(0xffff << shift)) | (entry << shift));
}

export function* enableReceiveQueue(
  port: NicPort,
  queue: number,
  address: number,
  slots: number,
): Generator<void> {
  port.write32(srrctl(queue), (BUFFER_BYTES >>> 10) | SRRCTL_DESCTYPE_ADV_ONEBUF);
  port.write32(rdbal(queue), address);
  port.write32(rdbah(queue), 0);
  port.write32(rdlen(queue), slots * DESCRIPTOR_BYTES);
  port.write32(rdh(queue), 0);
  port.write32(rdt(queue), 0);
  port.write32(rxdctl(queue), QUEUE_ENABLE);
  yield* until(port.name, `receive queue ${queue}`, () => (port.read32(rxdctl(queue)) & QUEUE_ENABLE) !== 0);
}

export function* enableTransmitQueue(
  port: NicPort,
  queue: number,
  address: number,
  slots: number,
): Generator<void> {
  port.write32(tdbal(queue), address);
  port.write32(tdbah(queue), 0);
  port.write32(tdlen(queue), slots * DESCRIPTOR_BYTES);
  port.write32(tdh(queue), 0);
  port.write32(tdt(queue), 0);
  port.write32(txdctl(queue), QUEUE_ENABLE);
  yield* until(port.name, `transmit queue ${queue}`, () => (port.read32(txdctl(queue)) & QUEUE_ENABLE) !== 0);
}

export function* disableReceiveQueue(port: NicPort, queue: number): Generator<void> {
  port.write32(rxdctl(queue), 0);
  yield* until(
    port.name,
    `the end of receive queue ${queue}`,
    () => (port.read32(rxdctl(queue)) & QUEUE_ENABLE) === 0,
  );
}

export function* disableTransmitQueue(port: NicPort, queue: number): Generator<void> {
  port.write32(txdctl(queue), 0);
  yield* until(
    port.name,
    `the end of transmit queue ${queue}`,
    () => (port.read32(txdctl(queue)) & QUEUE_ENABLE) === 0,
  );
}

/**
 * Intel 82599 10 GbE Controller, datasheet: the registers, bits and descriptor layouts that the
 * model implements, and those that drivers write at bring-up. Section numbers are the datasheet's.
 */
import { type RegisterRow, RegisterTable } from '../registers.ts';

export const BAR_BYTES = 0x20000;
export const QUEUES = 8;
/** MSI-X vectors: one for each queue pair, one for everything else, rounded up. */
export const VECTORS = 16;
export const FIFO_BYTES = 512 * 1024;

// General control (8.2.3.1)
export const CTRL = 0x00000;
export const CTRL_LRST = 1 << 3;
export const CTRL_RST = 1 << 26;
export const STATUS = 0x00008;
export const CTRL_EXT = 0x00018;
export const CTRL_EXT_NS_DIS = 1 << 16;
export const EEC = 0x10010;
export const EEC_ARD = 1 << 9;

// Interrupts (8.2.3.5)
export const EICR = 0x00800;
export const EICS = 0x00808;
export const EIMS = 0x00880;
export const EIMC = 0x00888;
export const EIAC = 0x00810;
export const EIAM = 0x00890;
export const GPIE = 0x00898;
export const GPIE_MULTIPLE_MSIX = 1 << 4;
export const GPIE_OCD = 1 << 5;
export const GPIE_EIAME = 1 << 30;
export const GPIE_PBA_SUPPORT = 1 << 31;
export const EICR_QUEUES = 0xffff;
export const EICR_LSC = 1 << 20;
export const eitr = (vector: number): number => 0x00820 + 4 * vector;
/** Bits 11:3 hold the interval in units of 2 us at 10 Gb/s. */
export const EITR_INTERVAL_SHIFT = 3;
export const EITR_INTERVAL_MASK = 0x1ff;
export const EITR_UNIT_US = 2;
/** Four bytes: receive and transmit cause of an even queue, then of an odd one; bit 7 says valid. */
export const ivar = (queue: number): number => 0x00900 + 4 * (queue >> 1);
export const IVAR_VALID = 0x80;
export const IVAR_MISC = 0x00a00;

// Flow control (8.2.3.3)
export const FCTTV = 0x03200;
export const FCRTL = 0x03220;
export const FCRTL_XONE = 1 << 31;
export const FCRTH = 0x03260;
export const FCRTH_FCEN = 1 << 31;
export const FCRTV = 0x032a0;
export const FCCFG = 0x03d00;
export const FCCFG_TFCE_802_3X = 1 << 3;
export const MFLCN = 0x04294;
export const MFLCN_RFCE = 1 << 3;

// Receive DMA (8.2.3.8)
export const rdbal = (queue: number): number => 0x01000 + 0x40 * queue;
export const rdbah = (queue: number): number => 0x01004 + 0x40 * queue;
export const rdlen = (queue: number): number => 0x01008 + 0x40 * queue;
export const rdh = (queue: number): number => 0x01010 + 0x40 * queue;
export const srrctl = (queue: number): number => 0x01014 + 0x40 * queue;
export const SRRCTL_BSIZEPACKET_MASK = 0x1f;
export const SRRCTL_DESCTYPE_ADV_ONEBUF = 1 << 25;
export const SRRCTL_DROP_EN = 1 << 28;
export const rdt = (queue: number): number => 0x01018 + 0x40 * queue;
export const rxdctl = (queue: number): number => 0x01028 + 0x40 * queue;
/** RXDCTL.ENABLE and TXDCTL.ENABLE. */
export const QUEUE_ENABLE = 1 << 25;
export const dcaRxctrl = (queue: number): number => 0x0100c + 0x40 * queue;
export const RDRXCTL = 0x02f00;
export const RDRXCTL_CRCSTRIP = 1 << 1;
export const RDRXCTL_DMAIDONE = 1 << 3;
export const RXCTRL = 0x03000;
export const RXCTRL_RXEN = 1;
/** Packet buffer flush detect: bits 2:0 count wraps of the packet buffer, bit 3 says it is empty (4.6.7.1). */
export const RXMEMWRAP = 0x03190;
export const RXMEMWRAP_WRAPS = 7;
export const RXMEMWRAP_EMPTY = 8;
export const rxpbsize = (buffer: number): number => 0x03c00 + 4 * buffer;

// Receive filters and RSS (8.2.3.7)
export const FCTRL = 0x05080;
export const FCTRL_MPE = 1 << 8;
export const FCTRL_UPE = 1 << 9;
export const FCTRL_BAM = 1 << 10;
export const RXCSUM = 0x05000;
export const RFCTL = 0x05008;
export const PSRTYPE = 0x0ea00;
export const VLNCTRL = 0x05088;
export const MCSTCTRL = 0x05090;
export const MTA = 0x05200;
export const ral = (index: number): number => 0x0a200 + 8 * index;
export const rah = (index: number): number => 0x0a204 + 8 * index;
export const RAH_AV = 1 << 31;
export const MRQC = 0x0ec80;
/** MRQC bits 3:0: receive side scaling over all queues. */
export const MRQC_RSS = 1;
export const MRQC_TCP_IPV4 = 1 << 16;
export const MRQC_IPV4 = 1 << 17;
export const MRQC_IPV6 = 1 << 20;
export const MRQC_TCP_IPV6 = 1 << 21;
export const MRQC_UDP_IPV4 = 1 << 22;
export const MRQC_UDP_IPV6 = 1 << 23;
export const MRQC_HASH_ALL =
  MRQC_TCP_IPV4 | MRQC_IPV4 | MRQC_IPV6 | MRQC_TCP_IPV6 | MRQC_UDP_IPV4 | MRQC_UDP_IPV6;
/** 128 entries of four bits, one a byte. */
export const reta = (word: number): number => 0x0eb00 + 4 * word;
export const RETA_WORDS = 32;
export const rssrk = (word: number): number => 0x0eb80 + 4 * word;
export const RSSRK_WORDS = 10;
export const etqf = (filter: number): number => 0x05128 + 4 * filter;
export const ETQF_ENABLE = 1 << 31;
export const etqs = (filter: number): number => 0x0ec00 + 4 * filter;
export const ETQS_QUEUE_SHIFT = 16;
export const ETQS_QUEUE_ENABLE = 1 << 31;
export const ETHERTYPE_FILTERS = 8;

// Transmit (8.2.3.9)
export const tdbal = (queue: number): number => 0x06000 + 0x40 * queue;
export const tdbah = (queue: number): number => 0x06004 + 0x40 * queue;
export const tdlen = (queue: number): number => 0x06008 + 0x40 * queue;
export const tdh = (queue: number): number => 0x06010 + 0x40 * queue;
export const tdt = (queue: number): number => 0x06018 + 0x40 * queue;
export const txdctl = (queue: number): number => 0x06028 + 0x40 * queue;
export const DMATXCTL = 0x04a80;
export const DMATXCTL_TE = 1;
export const DTXMXSZRQ = 0x08100;
export const RTTDCS = 0x04900;
export const RTTDCS_ARBDIS = 1 << 6;
export const txpbsize = (buffer: number): number => 0x0cc00 + 4 * buffer;

// MAC (8.2.3.22)
export const HLREG0 = 0x04240;
export const HLREG0_TXCRCEN = 1;
export const HLREG0_RXCRCSTRP = 1 << 1;
export const HLREG0_JUMBOEN = 1 << 2;
export const HLREG0_TXPADEN = 1 << 10;
export const MAXFRS = 0x04268;
export const AUTOC = 0x042a0;
export const AUTOC_LMS_10G_SERIAL = 3 << 13;
export const AUTOC_AN_RESTART = 1 << 12;
export const LINKS = 0x042a4;
export const LINKS_UP = 1 << 30;
export const LINKS_SPEED_10G = 3 << 28;

// Statistics (8.2.3.23)
export const rxmpc = (buffer: number): number => 0x03fa0 + 4 * buffer;
export const LXONTXC = 0x03f60;
export const LXOFFTXC = 0x03f68;
export const LXONRXCNT = 0x041a4;
export const LXOFFRXCNT = 0x041a8;
export const GPRC = 0x04074;
export const BPRC = 0x04078;
export const MPRC = 0x0407c;
export const GPTC = 0x04080;
export const GORCL = 0x04088;
export const GORCH = 0x0408c;
export const GOTCL = 0x04090;
export const GOTCH = 0x04094;
export const ROC = 0x040ac;
export const TPR = 0x040d0;
export const TPT = 0x040d4;
export const rqsmr = (word: number): number => 0x02300 + 4 * word;
export const tqsm = (word: number): number => 0x08600 + 4 * word;
export const qprc = (counter: number): number => 0x01030 + 0x40 * counter;
export const qprdc = (counter: number): number => 0x01430 + 0x40 * counter;
export const qbrcl = (counter: number): number => 0x01034 + 0x40 * counter;
export const qbrch = (counter: number): number => 0x01038 + 0x40 * counter;
export const qptc = (counter: number): number => 0x08680 + 4 * counter;
export const qbtcl = (counter: number): number => 0x08700 + 8 * counter;
export const qbtch = (counter: number): number => 0x08704 + 8 * counter;
export const QUEUE_COUNTERS = 16;

/** Descriptors are 16 bytes, four words (7.1.6, 7.2.3.2.4). */
export const DESCRIPTOR_BYTES = 16;
export const DESCRIPTOR_WORDS = 4;

// Advanced receive descriptor, write-back (7.1.6.2): words are type, RSS hash, status and errors, length.
export const RX_STATUS_WORD = 2;
export const RX_LENGTH_WORD = 3;
export const RX_DD = 1;
export const RX_EOP = 2;
/** Receive error; the model reports a DMA fault by it. */
export const RX_ERROR_RXE = 1 << 29;
/** Bits 3:0 of word 0 (7.1.2.8.1). */
export const RSS_TYPE_NONE = 0;
export const RSS_TYPE_TCP_IPV4 = 1;
export const RSS_TYPE_IPV4 = 2;
export const RSS_TYPE_TCP_IPV6 = 3;
export const RSS_TYPE_IPV6 = 5;
export const RSS_TYPE_UDP_IPV4 = 7;
export const RSS_TYPE_UDP_IPV6 = 8;

// Advanced transmit data descriptor (7.2.3.2.4): words are address low, high, command and length, options.
export const TX_COMMAND_WORD = 2;
export const TX_STATUS_WORD = 3;
export const TX_LENGTH_MASK = 0xffff;
export const TX_DTYP_MASK = 0xf << 20;
export const TX_DTYP_CONTEXT = 2 << 20;
export const TX_DTYP_DATA = 3 << 20;
export const TX_EOP = 1 << 24;
export const TX_IFCS = 1 << 25;
export const TX_RS = 1 << 27;
export const TX_DEXT = 1 << 29;
export const TX_PAYLEN_SHIFT = 14;
/** DD of the write-back format (7.2.3.2.4, status bit 0). */
export const TX_DD = 1;

const queue = (row: Omit<RegisterRow, 'count' | 'stride'>): RegisterRow => ({
  ...row,
  count: QUEUES,
  stride: 0x40,
});
const array = (name: string, offset: number, count: number, section: string, reset = 0): RegisterRow => ({
  name,
  offset,
  access: 'RW',
  count,
  section,
  reset,
});
const counter = (name: string, offset: number, count?: number, stride = 4): RegisterRow => ({
  name,
  offset,
  access: 'RC',
  section: '8.2.3.23',
  ...(count === undefined ? {} : { count, stride }),
});
const plain = (name: string, offset: number, section: string, reset = 0): RegisterRow => ({
  name,
  offset,
  access: 'RW',
  section,
  reset,
});

/** Every register of the model. What is not here reads as zero and ignores writes, as reserved offsets do. */
export const REGISTERS: readonly RegisterRow[] = [
  { name: 'CTRL', offset: CTRL, access: 'SC', aliases: [{ offset: 0x00004, stride: 4 }], section: '8.2.3.1' },
  { name: 'STATUS', offset: STATUS, access: 'RO', reset: 1 << 19, section: '8.2.3.1' },
  plain('CTRL_EXT', CTRL_EXT, '8.2.3.1'),
  plain('ESDP', 0x00020, '8.2.3.1'),
  plain('LEDCTL', 0x00200, '8.2.3.1'),
  { name: 'EEC', offset: EEC, access: 'RO', reset: EEC_ARD, section: '8.2.3.2' },

  { name: 'EICR', offset: EICR, access: 'W1C', section: '8.2.3.5' },
  { name: 'EICS', offset: EICS, access: 'SET', target: EICR, section: '8.2.3.5' },
  { name: 'EIMS', offset: EIMS, access: 'SET', section: '8.2.3.5' },
  { name: 'EIMC', offset: EIMC, access: 'CLR', target: EIMS, section: '8.2.3.5' },
  plain('EIAC', EIAC, '8.2.3.5'),
  plain('EIAM', EIAM, '8.2.3.5'),
  { name: 'EIMS1', offset: 0x00aa0, access: 'SET', section: '8.2.3.5' },
  { name: 'EIMC1', offset: 0x00ab0, access: 'CLR', target: 0x00aa0, section: '8.2.3.5' },
  { name: 'EIMS2', offset: 0x00aa4, access: 'SET', section: '8.2.3.5' },
  { name: 'EIMC2', offset: 0x00ab4, access: 'CLR', target: 0x00aa4, section: '8.2.3.5' },
  { name: 'EITR', offset: eitr(0), access: 'LV', count: 24, section: '8.2.3.5' },
  array('IVAR', ivar(0), 32, '8.2.3.5'),
  plain('IVAR_MISC', IVAR_MISC, '8.2.3.5'),
  plain('GPIE', GPIE, '8.2.3.5'),

  array('FCTTV', FCTTV, 4, '8.2.3.3'),
  array('FCRTL', FCRTL, 8, '8.2.3.3'),
  array('FCRTH', FCRTH, 8, '8.2.3.3'),
  plain('FCRTV', FCRTV, '8.2.3.3'),
  plain('FCCFG', FCCFG, '8.2.3.3'),

  queue({ name: 'RDBAL', offset: rdbal(0), access: 'RW', section: '8.2.3.8' }),
  queue({ name: 'RDBAH', offset: rdbah(0), access: 'RW', section: '8.2.3.8' }),
  queue({ name: 'RDLEN', offset: rdlen(0), access: 'RW', section: '8.2.3.8' }),
  queue({ name: 'RDH', offset: rdh(0), access: 'RW', section: '8.2.3.8' }),
  queue({ name: 'RDT', offset: rdt(0), access: 'DB', section: '8.2.3.8' }),
  queue({ name: 'RXDCTL', offset: rxdctl(0), access: 'EN', section: '8.2.3.8' }),
  queue({
    name: 'SRRCTL',
    offset: srrctl(0),
    access: 'RW',
    reset: 0x402, // 2 KB packet buffers, 256-byte header buffers
    aliases: [{ offset: 0x02100, stride: 4 }],
    section: '8.2.3.8',
  }),
  queue({
    name: 'DCA_RXCTRL',
    offset: dcaRxctrl(0),
    access: 'RW',
    aliases: [{ offset: 0x02200, stride: 4 }],
    section: '8.2.3.11',
  }),
  queue({ name: 'RSCCTL', offset: 0x0102c, access: 'RW', section: '8.2.3.8' }),
  plain('RDRXCTL', RDRXCTL, '8.2.3.8', RDRXCTL_DMAIDONE),
  plain('RXCTRL', RXCTRL, '8.2.3.8'),
  { name: 'RXMEMWRAP', offset: RXMEMWRAP, access: 'RO', reset: RXMEMWRAP_EMPTY, section: '8.2.3.8' },
  array('RXPBSIZE', rxpbsize(0), 8, '8.2.3.8', 0x80000),

  plain('FCTRL', FCTRL, '8.2.3.7'),
  plain('VLNCTRL', VLNCTRL, '8.2.3.7'),
  plain('MCSTCTRL', MCSTCTRL, '8.2.3.7'),
  plain('RXCSUM', RXCSUM, '8.2.3.7'),
  plain('RFCTL', RFCTL, '8.2.3.7'),
  array('MTA', MTA, 128, '8.2.3.7'),
  {
    name: 'RAL',
    offset: ral(0),
    access: 'RW',
    count: 16,
    stride: 8,
    aliases: [{ offset: 0x05400, stride: 8 }],
    section: '8.2.3.7',
  },
  {
    name: 'RAH',
    offset: rah(0),
    access: 'RW',
    count: 16,
    stride: 8,
    aliases: [{ offset: 0x05404, stride: 8 }],
    section: '8.2.3.7',
  },
  {
    name: 'PSRTYPE',
    offset: PSRTYPE,
    access: 'RW',
    count: 16,
    stride: 4,
    aliases: [{ offset: 0x05480, stride: 4 }],
    section: '8.2.3.7',
  },
  { name: 'MRQC', offset: MRQC, access: 'RW', aliases: [{ offset: 0x05818, stride: 4 }], section: '8.2.3.7' },
  {
    name: 'RETA',
    offset: reta(0),
    access: 'RW',
    count: RETA_WORDS,
    stride: 4,
    aliases: [{ offset: 0x05c00, stride: 4 }],
    section: '8.2.3.7',
  },
  {
    name: 'RSSRK',
    offset: rssrk(0),
    access: 'RW',
    count: RSSRK_WORDS,
    stride: 4,
    aliases: [{ offset: 0x05c80, stride: 4 }],
    section: '8.2.3.7',
  },
  array('ETQF', etqf(0), ETHERTYPE_FILTERS, '8.2.3.7'),
  array('ETQS', etqs(0), ETHERTYPE_FILTERS, '8.2.3.7'),

  queue({ name: 'TDBAL', offset: tdbal(0), access: 'RW', section: '8.2.3.9' }),
  queue({ name: 'TDBAH', offset: tdbah(0), access: 'RW', section: '8.2.3.9' }),
  queue({ name: 'TDLEN', offset: tdlen(0), access: 'RW', section: '8.2.3.9' }),
  queue({ name: 'DCA_TXCTRL', offset: 0x0600c, access: 'RW', section: '8.2.3.11' }),
  queue({ name: 'TDH', offset: tdh(0), access: 'RW', section: '8.2.3.9' }),
  queue({ name: 'TDT', offset: tdt(0), access: 'DB', section: '8.2.3.9' }),
  queue({ name: 'TXDCTL', offset: txdctl(0), access: 'EN', section: '8.2.3.9' }),
  queue({ name: 'TDWBAL', offset: 0x06038, access: 'RW', section: '8.2.3.9' }),
  queue({ name: 'TDWBAH', offset: 0x0603c, access: 'RW', section: '8.2.3.9' }),
  plain('DMATXCTL', DMATXCTL, '8.2.3.9'),
  plain('DTXMXSZRQ', DTXMXSZRQ, '8.2.3.9'),
  array('TXPBSIZE', txpbsize(0), 8, '8.2.3.9', 0x28000),
  array('TXPBTHRESH', 0x04950, 8, '8.2.3.9'),
  plain('MTQC', 0x08120, '8.2.3.9'),
  plain('RTTDCS', RTTDCS, '8.2.3.10'),
  plain('RTTDQSEL', 0x04904, '8.2.3.10'),
  plain('RTRPCS', 0x02430, '8.2.3.10'),

  plain('HLREG0', HLREG0, '8.2.3.22', HLREG0_TXCRCEN | HLREG0_RXCRCSTRP | HLREG0_TXPADEN),
  plain('MFLCN', MFLCN, '8.2.3.22'),
  plain('MAXFRS', MAXFRS, '8.2.3.22', 0x05ee0000),
  { name: 'AUTOC', offset: AUTOC, access: 'SC', section: '8.2.3.22' },
  { name: 'LINKS', offset: LINKS, access: 'RO', section: '8.2.3.22' },
  plain('AUTOC2', 0x042a8, '8.2.3.22'),

  counter('RXMPC', rxmpc(0), 8),
  counter('LXONTXC', LXONTXC),
  counter('LXOFFTXC', LXOFFTXC),
  counter('LXONRXCNT', LXONRXCNT),
  counter('LXOFFRXCNT', LXOFFRXCNT),
  counter('GPRC', GPRC),
  counter('BPRC', BPRC),
  counter('MPRC', MPRC),
  counter('GPTC', GPTC),
  { name: 'GORCL', offset: GORCL, access: 'RCL', section: '8.2.3.23' },
  { name: 'GORCH', offset: GORCH, access: 'RCH', section: '8.2.3.23' },
  { name: 'GOTCL', offset: GOTCL, access: 'RCL', section: '8.2.3.23' },
  { name: 'GOTCH', offset: GOTCH, access: 'RCH', section: '8.2.3.23' },
  counter('ROC', ROC),
  counter('TPR', TPR),
  counter('TPT', TPT),
  array('RQSMR', rqsmr(0), 32, '8.2.3.23'),
  array('TQSM', tqsm(0), 32, '8.2.3.23'),
  counter('QPRC', qprc(0), QUEUE_COUNTERS, 0x40),
  counter('QPRDC', qprdc(0), QUEUE_COUNTERS, 0x40),
  {
    name: 'QBRC_L',
    offset: qbrcl(0),
    access: 'RCL',
    count: QUEUE_COUNTERS,
    stride: 0x40,
    section: '8.2.3.23',
  },
  {
    name: 'QBRC_H',
    offset: qbrch(0),
    access: 'RCH',
    count: QUEUE_COUNTERS,
    stride: 0x40,
    section: '8.2.3.23',
  },
  counter('QPTC', qptc(0), QUEUE_COUNTERS),
  { name: 'QBTC_L', offset: qbtcl(0), access: 'RCL', count: QUEUE_COUNTERS, stride: 8, section: '8.2.3.23' },
  { name: 'QBTC_H', offset: qbtch(0), access: 'RCH', count: QUEUE_COUNTERS, stride: 8, section: '8.2.3.23' },
];

export const NIC_REGISTERS = new RegisterTable(REGISTERS, BAR_BYTES);

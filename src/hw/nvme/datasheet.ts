/**
 * NVM Express Base Specification 1.4 (10 June 2019): the registers, commands, completions and data structures that the
 * controller model implements. Section numbers are the specification's. Offsets of registers are in bytes of BAR 0,
 * those of queue entries in 32-bit words.
 */
import { PAGE_BYTES } from '../memory.ts';
import { type RegisterRow, RegisterTable } from '../registers.ts';

/** I/O queue pairs, and the admin queue pair as number 0. */
export const IO_QUEUES = 16;
export const QUEUES = IO_QUEUES + 1;
/** MSI-X vectors: one for each queue pair, the admin's first, rounded up. */
export const VECTORS = 32;
/** Entries of the longest I/O queue, and of the longest admin queue (3.1.1, 3.1.8). */
export const MAX_ENTRIES = 1024;
export const MAX_ADMIN_ENTRIES = 4096;

// Capabilities (3.1.1): two words
export const CAP = 0x00;
export const CAP_HIGH = 0x04;
/** Physically contiguous queues required. */
export const CAP_CQR = 1 << 16;
export const CAP_TO_SHIFT = 24;
/** Worst case of CC.EN to CSTS.RDY, in units of 500 ms. */
export const CAP_TO_UNIT_US = 500_000;
/** In CAP_HIGH: doorbells are 4 << DSTRD bytes apart. */
export const CAP_HIGH_DSTRD_MASK = 0xf;
export const CAP_HIGH_CSS_NVM = 1 << 5;

export const VS = 0x08;
export const VS_1_4 = 0x00010400;
/** Not for controllers whose interrupts are MSI-X (3.1.3, 3.1.4). */
export const INTMS = 0x0c;
export const INTMC = 0x10;

// Controller configuration (3.1.5)
export const CC = 0x14;
export const CC_EN = 1;
export const CC_CSS_SHIFT = 4;
export const CC_MPS_SHIFT = 7;
export const CC_AMS_SHIFT = 11;
export const CC_SHN_SHIFT = 14;
export const CC_SHN_NORMAL = 1;
export const CC_SHN_ABRUPT = 2;
export const CC_IOSQES_SHIFT = 16;
export const CC_IOCQES_SHIFT = 20;
/** CSS, MPS and AMS: all zero here, for there is one command set, pages are of 4 KiB, and arbitration is round robin. */
export const CC_CHOICES_MASK = (7 << CC_CSS_SHIFT) | (0xf << CC_MPS_SHIFT) | (7 << CC_AMS_SHIFT);
export const CC_SHN_MASK = 3 << CC_SHN_SHIFT;
/** Entry sizes, as powers of two: the only ones that there are. */
export const CC_ENTRIES_MASK = (0xf << CC_IOSQES_SHIFT) | (0xf << CC_IOCQES_SHIFT);

// Controller status (3.1.6)
export const CSTS = 0x1c;
export const CSTS_RDY = 1;
export const CSTS_CFS = 1 << 1;
export const CSTS_SHST_SHIFT = 2;
export const CSTS_SHST_MASK = 3;
export const SHST_NORMAL = 0;
export const SHST_OCCURRING = 1;
export const SHST_COMPLETE = 2;

// Admin queue (3.1.8 to 3.1.10). Sizes are zero's based.
export const AQA = 0x24;
export const AQA_ACQS_SHIFT = 16;
export const AQA_MASK = 0xfff;
export const ASQ = 0x28;
export const ASQ_HIGH = 0x2c;
export const ACQ = 0x30;
export const ACQ_HIGH = 0x34;

/** A cache line for each doorbell, as the specification advises emulated controllers (3.1.24). */
export const DSTRD = 4;
const DOORBELLS = 0x1000;
export const DOORBELL_STRIDE = 4 << DSTRD;
/** Submission queue tail doorbell (3.1.24) and completion queue head doorbell (3.1.25). Write-only. */
export const sqTail = (queue: number): number => DOORBELLS + 2 * queue * DOORBELL_STRIDE;
export const cqHead = (queue: number): number => DOORBELLS + (2 * queue + 1) * DOORBELL_STRIDE;
/** What a doorbell holds that was not written since its queue was made: no value that it can take. */
export const UNRUNG = 0xffffffff;
export const BAR_BYTES = 0x2000;

const NVME_ROWS: readonly RegisterRow[] = [
  { name: 'CAP', offset: CAP, access: 'RO', reset: capLow(), section: '3.1.1' },
  { name: 'CAP_HIGH', offset: CAP_HIGH, access: 'RO', reset: CAP_HIGH_CSS_NVM | DSTRD, section: '3.1.1' },
  { name: 'VS', offset: VS, access: 'RO', reset: VS_1_4, section: '3.1.2' },
  { name: 'INTMS', offset: INTMS, access: 'SET', target: INTMS, section: '3.1.3' },
  { name: 'INTMC', offset: INTMC, access: 'CLR', target: INTMS, section: '3.1.4' },
  { name: 'CC', offset: CC, access: 'RW', section: '3.1.5' },
  { name: 'CSTS', offset: CSTS, access: 'RO', section: '3.1.6' },
  { name: 'AQA', offset: AQA, access: 'RW', section: '3.1.8' },
  { name: 'ASQ', offset: ASQ, access: 'RW', section: '3.1.9' },
  { name: 'ASQ_HIGH', offset: ASQ_HIGH, access: 'RW', section: '3.1.9' },
  { name: 'ACQ', offset: ACQ, access: 'RW', section: '3.1.10' },
  { name: 'ACQ_HIGH', offset: ACQ_HIGH, access: 'RW', section: '3.1.10' },
  {
    name: 'SQTDBL',
    offset: sqTail(0),
    access: 'WDB',
    reset: UNRUNG,
    count: QUEUES,
    stride: 2 * DOORBELL_STRIDE,
    section: '3.1.24',
  },
  {
    name: 'CQHDBL',
    offset: cqHead(0),
    access: 'WDB',
    reset: UNRUNG,
    count: QUEUES,
    stride: 2 * DOORBELL_STRIDE,
    section: '3.1.25',
  },
];
export const NVME_REGISTERS = new RegisterTable(NVME_ROWS, BAR_BYTES);

function capLow(): number {
  return (MAX_ENTRIES - 1) | CAP_CQR | (1 << CAP_TO_SHIFT);
}

// Submission queue entry (4.2): 64 bytes
export const SQE_BYTES = 64;
export const SQE_WORDS = SQE_BYTES / 4;
export const SQE_SHIFT = 6;
/** Words of an entry. CDW0: opcode 7:0, FUSE 9:8, PSDT 15:14, command identifier 31:16. */
export const SQE = {
  cdw0: 0,
  nsid: 1,
  mptr: 4,
  prp1: 6,
  prp1High: 7,
  prp2: 8,
  prp2High: 9,
  cdw10: 10,
  cdw11: 11,
  cdw12: 12,
  cdw13: 13,
  cdw14: 14,
  cdw15: 15,
} as const;
export const CDW0_OPCODE_MASK = 0xff;
export const CDW0_FUSE_MASK = 3 << 8;
export const CDW0_PSDT_MASK = 3 << 14;
export const CDW0_CID_SHIFT = 16;

// Completion queue entry (4.6): 16 bytes
export const CQE_BYTES = 16;
export const CQE_WORDS = CQE_BYTES / 4;
export const CQE_SHIFT = 4;
/** Words of an entry. `head`: SQ head pointer 15:0, SQ identifier 31:16. `status`: CID 15:0, phase tag 16, status field 31:17. */
export const CQE = { result: 0, reserved: 1, head: 2, status: 3 } as const;
export const CQE_PHASE = 1 << 16;
export const CQE_STATUS_SHIFT = 17;

/** A status field (4.6.1) as the model passes it about: status code 7:0, its type 10:8, CRD 12:11, More 13, Do Not Retry 14. */
const GENERIC = 0;
const COMMAND_SPECIFIC = 1 << 8;
const MEDIA = 2 << 8;
export const STATUS_DNR = 1 << 14;
/** Status code and type of a status field, without what says more about it. */
export const STATUS_CODE_MASK = 0x7ff;

export const STATUS = {
  success: GENERIC | 0x00,
  invalidOpcode: GENERIC | 0x01,
  invalidField: GENERIC | 0x02,
  commandIdConflict: GENERIC | 0x03,
  dataTransferError: GENERIC | 0x04,
  powerLoss: GENERIC | 0x05,
  internalError: GENERIC | 0x06,
  abortRequested: GENERIC | 0x07,
  abortedSqDeletion: GENERIC | 0x08,
  invalidNamespace: GENERIC | 0x0b,
  sequenceError: GENERIC | 0x0c,
  invalidPrpOffset: GENERIC | 0x13,
  lbaOutOfRange: GENERIC | 0x80,
  capacityExceeded: GENERIC | 0x81,
  namespaceNotReady: GENERIC | 0x82,
  completionQueueInvalid: COMMAND_SPECIFIC | 0x00,
  invalidQueueIdentifier: COMMAND_SPECIFIC | 0x01,
  invalidQueueSize: COMMAND_SPECIFIC | 0x02,
  abortLimitExceeded: COMMAND_SPECIFIC | 0x03,
  asyncEventLimitExceeded: COMMAND_SPECIFIC | 0x05,
  invalidInterruptVector: COMMAND_SPECIFIC | 0x08,
  invalidLogPage: COMMAND_SPECIFIC | 0x09,
  invalidQueueDeletion: COMMAND_SPECIFIC | 0x0c,
  featureNotSaveable: COMMAND_SPECIFIC | 0x0d,
  featureNotChangeable: COMMAND_SPECIFIC | 0x0e,
  featureNotNamespaceSpecific: COMMAND_SPECIFIC | 0x0f,
  conflictingAttributes: COMMAND_SPECIFIC | 0x80,
  writeFault: MEDIA | 0x80,
  unrecoveredRead: MEDIA | 0x81,
  compareFailure: MEDIA | 0x85,
} as const;
export type StatusName = keyof typeof STATUS;

// Admin commands (5)
export const ADMIN = {
  deleteSq: 0x00,
  createSq: 0x01,
  getLogPage: 0x02,
  deleteCq: 0x04,
  createCq: 0x05,
  identify: 0x06,
  abort: 0x08,
  setFeatures: 0x09,
  getFeatures: 0x0a,
  asyncEvent: 0x0c,
} as const;

/** CDW11 of Create I/O Completion Queue (5.3), and of Create I/O Submission Queue (5.4). Both: bit 0 says contiguous. */
export const QUEUE_CONTIGUOUS = 1;
export const CQ_INTERRUPTS = 1 << 1;
export const CQ_VECTOR_SHIFT = 16;
export const SQ_CQID_SHIFT = 16;
/** CDW10 of both: queue identifier 15:0, size less one 31:16. */
export const QUEUE_ID_MASK = 0xffff;
export const QUEUE_SIZE_SHIFT = 16;

/** Abort (5.1): CDW10 has the submission queue 15:0 and the command identifier 31:16. Bit 0 of the result: not aborted. */
export const ABORT_CID_SHIFT = 16;
export const NOT_ABORTED = 1;

/** CNS of Identify (5.15). */
export const CNS = { namespace: 0x00, controller: 0x01, activeNamespaces: 0x02, descriptors: 0x03 } as const;
/** Log pages (5.14.1). */
export const LOG = { error: 0x01, smart: 0x02, firmware: 0x03 } as const;
/** CDW10: log page 7:0, retain the event 15, dwords less one 31:16; their upper half in CDW11 15:0. */
export const LOG_PAGE_MASK = 0xff;
export const LOG_RETAIN_EVENT = 1 << 15;
export const LOG_DWORDS_SHIFT = 16;
export const SMART_LOG_BYTES = 512;
export const FIRMWARE_LOG_BYTES = 512;
export const ERROR_ENTRY_BYTES = 64;
export const ERROR_ENTRIES = 16;
/** An entry of the error log (5.14.1.1): offsets in bytes. */
export const ERROR_ENTRY = {
  count: 0,
  queue: 8,
  cid: 10,
  status: 12,
  location: 14,
  lba: 16,
  nsid: 24,
} as const;
/** Where an entry belongs to no command, and where no part of a command is to blame. */
export const ERROR_NO_COMMAND = 0xffff;
/** SMART and health information (5.14.1.2): offsets in bytes. */
export const SMART = {
  temperature: 1,
  spare: 3,
  spareThreshold: 4,
  unitsRead: 32,
  unitsWritten: 48,
  reads: 64,
  writes: 80,
  mediaErrors: 160,
  errorEntries: 176,
} as const;
/** A data unit is a thousand blocks of 512 bytes, rounded up. */
export const SMART_UNIT_BLOCKS = 1000;

/** Features (5.21.1). */
export const FEATURE = {
  arbitration: 0x01,
  powerManagement: 0x02,
  temperature: 0x04,
  errorRecovery: 0x05,
  volatileWriteCache: 0x06,
  numberOfQueues: 0x07,
  interruptCoalescing: 0x08,
  interruptVector: 0x09,
  writeAtomicity: 0x0a,
  asyncEvents: 0x0b,
} as const;
export const FEATURE_MASK = 0xff;
/** CDW10 of Set Features: save. CDW10 of Get Features: which value, 10:8; the current one only, for ONCS has no Save. */
export const FEATURE_SAVE = 1 << 31;
export const FEATURE_SELECT_MASK = 7 << 8;
/** Arbitration (5.21.1.1): commands in a row from one queue, as a power of two 2:0; all ones: no limit. */
export const ARBITRATION_BURST_MASK = 7;
/** Temperature threshold (5.21.1.4): the composite sensor's upper threshold, and others, by type 21:20 and sensor 19:16. */
export const TEMPERATURE_SENSOR_SHIFT = 16;
export const TEMPERATURE_TYPE_SHIFT = 20;
/** Number of queues (5.21.1.7): submission queues less one 15:0, completion queues less one 31:16. */
export const QUEUES_COMPLETION_SHIFT = 16;
/** Interrupt coalescing (5.21.1.8): threshold less one 7:0, time 15:8 in units of 100 us. */
export const COALESCING_THRESHOLD_MASK = 0xff;
export const COALESCING_TIME_SHIFT = 8;
export const COALESCING_TIME_UNIT_US = 100;
/** Interrupt vector configuration (5.21.1.9): vector 15:0, coalescing disabled 16. */
export const VECTOR_UNCOALESCED = 1 << 16;

/** Asynchronous events (5.2.1): type 2:0, information 15:8, log page 23:16. */
export const EVENT_ERROR = 0;
export const EVENT_INFO_SHIFT = 8;
export const EVENT_LOG_SHIFT = 16;
export const INVALID_DOORBELL_REGISTER = 0x00;
export const INVALID_DOORBELL_VALUE = 0x01;

// NVM commands (6). CDW10, CDW11: first block. CDW12: blocks less one 15:0.
export const NVM = {
  flush: 0x00,
  write: 0x01,
  read: 0x02,
  compare: 0x05,
  writeZeroes: 0x08,
  datasetManagement: 0x09,
} as const;
export const CDW12_BLOCKS_MASK = 0xffff;
export const CDW12_FUA = 1 << 30;
/** Dataset Management (6.7): CDW10 ranges less one 7:0; CDW11 bit 2 deallocates; a range: attributes, blocks, first block. */
export const DSM_DEALLOCATE = 1 << 2;
export const DSM_RANGES_MASK = 0xff;
export const DSM_RANGE_BYTES = 16;
export const DSM_MOST_RANGES = 256;

/** The one namespace, and the identifier that stands for all of them. */
export const NAMESPACE = 1;
export const ALL_NAMESPACES = 0xffffffff;
/** Blocks are of 512 bytes: LBA format 0. */
export const BLOCK_SHIFT = 9;
export const BLOCK_BYTES = 1 << BLOCK_SHIFT;
/** The most that one command moves: 2^MDTS pages. */
export const MDTS = 5;
export const MAX_TRANSFER_BYTES = PAGE_BYTES << MDTS;
export const MAX_TRANSFER_BLOCKS = MAX_TRANSFER_BYTES >>> BLOCK_SHIFT;
/** Blocks that a power failure does not tear, less one (Identify Controller, AWUPF; 6.4.2.1). */
export const AWUPF = 7;
/** Commands that may be outstanding in AER and Abort, less one. */
export const AERL = 3;
export const ACL = 3;

/** Identify Controller (5.15.2.2): offsets in bytes. */
export const IDC = {
  vid: 0,
  sn: 4,
  mn: 24,
  fr: 64,
  rab: 72,
  mdts: 77,
  cntlid: 78,
  ver: 80,
  cntrltype: 111,
  acl: 258,
  aerl: 259,
  frmw: 260,
  lpa: 261,
  elpe: 262,
  npss: 263,
  wctemp: 266,
  cctemp: 268,
  sqes: 512,
  cqes: 513,
  nn: 516,
  oncs: 520,
  vwc: 525,
  awun: 526,
  awupf: 528,
  subnqn: 768,
} as const;
export const ONCS_COMPARE = 1 << 0;
export const ONCS_DSM = 1 << 2;
export const ONCS_WRITE_ZEROES = 1 << 3;
/** There is a volatile write cache; Flush takes the identifier of all namespaces. */
export const VWC_PRESENT = 1;
export const VWC_FLUSH_ALL = 3 << 1;
export const CNTRLTYPE_IO = 1;
export const IDENTIFY_BYTES = 4096;
/** Identify Namespace (5.15.2.1): offsets in bytes. */
export const IDN = { nsze: 0, ncap: 8, nuse: 16, nlbaf: 25, flbas: 26, dlfeat: 33, lbaf0: 128 } as const;
/** Deallocated blocks read as zeros. */
export const DLFEAT_ZEROS = 1;
/** Byte of an LBA format: the block size as a power of two. */
export const LBAF_LBADS = 2;
/** Namespace identification descriptor (5.15.2.3): a UUID. */
export const NIDT_UUID = 3;
export const UUID_BYTES = 16;

/** The public face of ringswap: describe a machine and its traffic, run it, read the report. */

export type { CheckedMachine, Checker, CheckerDefinition } from '../check/checker.ts';
// For drivers and applications of one's own: the contracts, and the built-in ones to build upon.
export type { DeliveryCheck } from '../check/delivery.ts';
export type { Violation } from '../check/ledger.ts';
export type { Burst } from '../drivers/burst.ts';
export type {
  Application,
  Converter,
  DriverDeclaration,
  NicDriver,
  NicDriverDefinition,
  NicEnvironment,
  SlotView,
} from '../drivers/contract.ts';
export { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
export { RingDriver } from '../drivers/nic/ring-driver.ts';
export { burstParameter, RING_PARAMETERS } from '../drivers/nic/ring-parameters.ts';
export { STATE_FORMAT } from '../drivers/nic/state.ts';
export { coalesce } from '../drivers/nvme/bring-up.ts';
export type { DiskDriver, DiskDriverDefinition, DiskEnvironment } from '../drivers/nvme/contract.ts';
export { QueuePairDriver } from '../drivers/nvme/disk-driver.ts';
export type { QueuePair } from '../drivers/nvme/queue-pair.ts';
export { QUEUE_PARAMETERS } from '../drivers/nvme/queue-parameters.ts';
export { DISK_FORMAT } from '../drivers/nvme/state.ts';
export type { ParameterSpec, Parameters } from '../drivers/parameters.ts';
export { OWN_WORDS, type OwnWords } from '../drivers/state-block.ts';
export type { ConformPoint, Explanation } from '../exec/sim/conform.ts';
export { FAULTS } from '../exec/sim/faults.ts';
export {
  APPLICATIONS,
  type ApplicationDefinition,
  type ApplicationEnvironment,
  type Sends,
} from '../host/apps/applications.ts';
export type { Exit } from '../host/apps/exit.ts';
export type { NicDump, RingDump } from '../host/dump.ts';
export {
  type CampaignOptions,
  type CampaignProgress,
  type CampaignReport,
  runCampaign,
  type SeedFailureReport,
  traceSeed,
} from './campaign.ts';
export { type Catalogue, catalogue, catalogueWith } from './catalogue.ts';
export { type ConformOptions, type ConformReport, runConform } from './conform.ts';
export type { CoverageTable, DeviceCoverage } from './coverage-table.ts';
export type { Progress } from './drive.ts';
export { type Dump, readDump } from './dump-file.ts';
export { OutOfServiceError, type SourcePlace, UsageError } from './errors.ts';
export type { PlannedSwap } from './planned.ts';
export type * from './report.ts';
export { cardOf, cardsOf, diskOf, disksOf } from './report.ts';
export type { HandoverResult, RecoveryEvent, RunEvent, SwapResult } from './run-events.ts';
export type { RunningMachine } from './running.ts';
export type { RunningDevice, SwapOptions } from './running-device.ts';
export type * from './scenario.ts';
export { type ListenAddress, type ServeOptions, type ServeScenario, serveNbd } from './serve.ts';
export type { CardStatus, DeviceStatus, DiskStatus, RunStatus } from './status.ts';
export { type RunOptions, Testbed } from './testbed.ts';
export { parseDuration, parseSize } from './units.ts';
export type { UpgradeOptions, UpgradeResult } from './upgrade.ts';
export { validateScenario } from './validate.ts';

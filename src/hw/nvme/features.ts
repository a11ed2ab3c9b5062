/** Get and Set Features (5.21, 5.9): what is kept, what has an effect, and what is refused. */
import type { WriteCache } from './cache.ts';
import type { InterruptUnit } from './coalescing.ts';
import {
  ALL_NAMESPACES,
  FEATURE,
  FEATURE_MASK,
  FEATURE_SAVE,
  FEATURE_SELECT_MASK,
  IO_QUEUES,
  NAMESPACE,
  QUEUES_COMPLETION_SHIFT,
  SQE,
  STATUS,
  TEMPERATURE_SENSOR_SHIFT,
  TEMPERATURE_TYPE_SHIFT,
  VECTORS,
} from './datasheet.ts';

/** Commands in a row from one queue, until the driver says otherwise: 2^3. */
export const DEFAULT_BURST = 3;
/** Kelvin: the default of the upper threshold is the warning temperature. */
export const WARNING_KELVIN = 343;
export const CRITICAL_KELVIN = 353;
const KELVIN_MASK = 0xffff;
/** Neither so many queues may be asked for. */
const TOO_MANY_QUEUES = 0xffff;
const ALL = ALL_NAMESPACES | 0;
const NO_SENSOR = -1;
const ALL_SENSORS = 0xf;

export class Features {
  /** What the last get or set has for dword 0 of its completion. */
  result = 0;
  /** I/O queues that the driver was given: of either kind, identifiers go up to this. */
  ioSubmissionQueues = IO_QUEUES;
  ioCompletionQueues = IO_QUEUES;
  private readonly cache: WriteCache;
  private readonly interrupts: InterruptUnit;
  private readonly values = new Int32Array(FEATURE.asyncEvents + 1);
  /** Upper and lower threshold of the composite temperature. */
  private readonly temperatures = new Int32Array(2);

  constructor(cache: WriteCache, interrupts: InterruptUnit) {
    this.cache = cache;
    this.interrupts = interrupts;
    this.reset();
  }

  get arbitration(): number {
    return this.values[FEATURE.arbitration];
  }

  /** Returns a status. `words[at]`: the command. `queuesExist`: the driver has made I/O queues. */
  set(words: Int32Array, at: number, queuesExist: boolean): number {
    const cdw10 = words[at + SQE.cdw10];
    const feature = cdw10 & FEATURE_MASK;
    const nsid = words[at + SQE.nsid];
    this.result = 0;
    if (!this.supports(feature)) return STATUS.invalidField;
    if ((cdw10 & FEATURE_SAVE) !== 0) return STATUS.featureNotSaveable;
    if (nsid === NAMESPACE) return STATUS.featureNotNamespaceSpecific;
    if (nsid !== 0 && nsid !== ALL) return STATUS.invalidNamespace;
    return this.apply(feature, words[at + SQE.cdw11], queuesExist);
  }

  get(words: Int32Array, at: number): number {
    const cdw10 = words[at + SQE.cdw10];
    const feature = cdw10 & FEATURE_MASK;
    this.result = 0;
    if (!this.supports(feature) || (cdw10 & FEATURE_SELECT_MASK) !== 0) return STATUS.invalidField;
    return this.read(feature, words[at + SQE.cdw11]);
  }

  /** Values that hold after a reset of the controller. */
  reset(): void {
    this.values.fill(0);
    this.values[FEATURE.arbitration] = DEFAULT_BURST;
    this.values[FEATURE.volatileWriteCache] = this.cache.present ? 1 : 0;
    this.cache.enabled = this.cache.present;
    this.temperatures[0] = WARNING_KELVIN;
    this.temperatures[1] = 0;
    this.ioSubmissionQueues = this.ioCompletionQueues = IO_QUEUES;
  }

  private supports(feature: number): boolean {
    if (feature === FEATURE.volatileWriteCache) return this.cache.present;
    return feature >= FEATURE.arbitration && feature <= FEATURE.asyncEvents && feature !== 0x03; // no LBA ranges
  }

  private apply(feature: number, value: number, queuesExist: boolean): number {
    switch (feature) {
      case FEATURE.numberOfQueues:
        return queuesExist ? STATUS.sequenceError : this.allocateQueues(value);
      case FEATURE.temperature:
        return this.setTemperature(value);
      case FEATURE.interruptVector:
        if ((value & 0xffff) >= VECTORS) return STATUS.invalidField;
        this.interrupts.configureVector(value);
        return STATUS.success;
      case FEATURE.interruptCoalescing:
        this.interrupts.coalesce(value);
        break;
      case FEATURE.volatileWriteCache:
        this.enableCache((value & 1) !== 0);
        break;
      case FEATURE.powerManagement:
        if ((value & 0x1f) !== 0) return STATUS.invalidField; // power state 0 is the only one
        break;
    }
    this.values[feature] = value;
    return STATUS.success;
  }

  private read(feature: number, selector: number): number {
    switch (feature) {
      case FEATURE.numberOfQueues:
        this.result = this.allocated();
        return STATUS.success;
      case FEATURE.temperature:
        if (temperatureType(selector) === NO_SENSOR) return STATUS.invalidField;
        this.result = this.temperatures[temperatureType(selector)];
        return STATUS.success;
      case FEATURE.interruptVector:
        if ((selector & 0xffff) >= VECTORS) return STATUS.invalidField;
        this.result = this.interrupts.vectorConfiguration(selector & 0xffff);
        return STATUS.success;
    }
    this.result = this.values[feature];
    return STATUS.success;
  }

  /** As many as asked for, up to what there are. */
  private allocateQueues(value: number): number {
    const submission = value & 0xffff;
    const completion = value >>> QUEUES_COMPLETION_SHIFT;
    if (submission === TOO_MANY_QUEUES || completion === TOO_MANY_QUEUES) return STATUS.invalidField;
    this.ioSubmissionQueues = Math.min(submission + 1, IO_QUEUES);
    this.ioCompletionQueues = Math.min(completion + 1, IO_QUEUES);
    this.result = this.allocated();
    return STATUS.success;
  }

  private allocated(): number {
    return (this.ioSubmissionQueues - 1) | ((this.ioCompletionQueues - 1) << QUEUES_COMPLETION_SHIFT);
  }

  private setTemperature(value: number): number {
    const type = temperatureType(value);
    if (type === NO_SENSOR) return STATUS.invalidField;
    this.temperatures[type] = value & KELVIN_MASK;
    return STATUS.success;
  }

  /** What a cache holds when it is switched off is written out: no later Flush would. */
  private enableCache(on: boolean): void {
    if (!on) this.cache.flush();
    this.cache.enabled = on;
  }
}

/** Which threshold of the composite temperature is named: 0 the upper, 1 the lower. There are no other sensors. */
function temperatureType(value: number): number {
  const type = (value >>> TEMPERATURE_TYPE_SHIFT) & 3;
  const sensor = (value >>> TEMPERATURE_SENSOR_SHIFT) & 0xf;
  return type > 1 || (sensor !== 0 && sensor !== ALL_SENSORS) ? NO_SENSOR : type;
}

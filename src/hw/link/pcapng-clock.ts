const NS_PER_S = 1_000_000_000n;
const POWER_OF_TWO = 0x80;

/** The first time stamp of a file, from which all its frames' times count. */
export interface Epoch {
  /** ns since 1970; undefined as long as no time stamp has been read. */
  firstNs: bigint | undefined;
}

/**
 * The clock of one interface: turns its 64-bit counts of units since 1970 into ns since the file's epoch
 * (draft-ietf-opsawg-pcapng, sections 4.2 and 4.3).
 *
 * Counts in ns have more digits than a double, so the interface's own first count is subtracted word by
 * word before the rest is scaled: exact to the ns for 2^53 units, and for more to a double's last digit.
 * BigInt appears once per interface, where clocks of different units and offsets are aligned.
 */
export class InterfaceClock {
  private readonly epoch: Epoch;
  private readonly resolution: number;
  private readonly offsetS: bigint;
  private started = false;
  private startNs = 0;
  private startHigh = 0;
  private startLow = 0;

  /**
   * @param resolution if_tsresol: a unit is 10^-n s, or 2^-n s if the highest of its eight bits is set.
   * @param offsetS if_tsoffset: seconds that are to be added to each time stamp.
   */
  constructor(epoch: Epoch, resolution: number, offsetS: bigint) {
    this.epoch = epoch;
    this.resolution = resolution;
    this.offsetS = offsetS;
  }

  /** ns since the epoch; the first call for any clock of a file sets it. */
  timeNs(high: number, low: number): number {
    if (!this.started) this.start(high, low);
    return this.startNs + this.scale((high - this.startHigh) * 2 ** 32 + (low - this.startLow));
  }

  private start(high: number, low: number): void {
    this.started = true;
    this.startHigh = high;
    this.startLow = low;
    const exponent = BigInt(this.resolution & ~POWER_OF_TWO);
    const unitsPerS = this.resolution & POWER_OF_TWO ? 2n ** exponent : 10n ** exponent;
    const units = (BigInt(high) << 32n) | BigInt(low);
    const startNs = (units * NS_PER_S) / unitsPerS + this.offsetS * NS_PER_S;
    this.epoch.firstNs ??= startNs;
    this.startNs = Number(startNs - this.epoch.firstNs);
  }

  /** Units to ns. Powers of ten from 0 to 22 are exact doubles, and so are all powers of two. */
  private scale(units: number): number {
    const exponent = this.resolution & ~POWER_OF_TWO;
    if (this.resolution & POWER_OF_TWO) return (units * 1e9) / 2 ** exponent;
    return exponent <= 9 ? units * 10 ** (9 - exponent) : units / 10 ** (exponent - 9);
  }
}

/** Driver files that are named while a machine runs: bundled and tried apart from it, then handed to its CPU. */
import type { Bundle } from '../exec/modules/bundle.ts';
import { type DriverDefinition, loadDriver } from '../exec/modules/driver-module.ts';
import { bundleModule, type OwnModule } from '../exec/modules/own-module.ts';
import { SimPool } from '../exec/sim/pool.ts';
import { moduleFile, refused } from './book.ts';
import type { DriverBook } from './drivers.ts';
import { UsageError } from './errors.ts';

/** A trial takes a second or two, on a machine that is busy some more. */
const PATIENCE_MS = 30_000;

/** Gives a module to the CPU; resolves to why it could not be loaded there, or to undefined. */
type HandOver = (module: OwnModule) => Promise<string | undefined>;

export class DriverFiles {
  private readonly book: DriverBook;
  private readonly handOver: HandOver;
  /** The run is. */
  private readonly over: AbortSignal;
  private last: Promise<unknown> = Promise.resolve();

  constructor(book: DriverBook, handOver: HandOver, over: AbortSignal) {
    this.book = book;
    this.handOver = handOver;
    this.over = over;
  }

  /**
   * The driver of a file as it is now, which the machine knows from then on; undefined if the run ends before. Throws UsageError.
   * Files are loaded one after another: the second may be the first once more.
   */
  load(path: string): Promise<DriverDefinition | undefined> {
    const loaded = this.last.then(() => this.loadNow(path));
    this.last = loaded.catch(() => undefined);
    return loaded;
  }

  private async loadNow(path: string): Promise<DriverDefinition | undefined> {
    if (this.over.aborted) return undefined;
    const bundle = await bundleModule('driver', moduleFile('driver', path)).catch(refused);
    const known = this.book.ofBundle(bundle);
    if (known !== undefined) return known;
    await this.demandTrial(path, bundle);
    if (this.over.aborted) return undefined;
    const definition = await loadDriver(bundle).catch(refused); // here after its trial: one that does not end fails in that
    const failure = await this.handOver({ bundle, name: this.book.nameFor(definition, path) });
    if (this.over.aborted) return undefined;
    if (failure !== undefined)
      throw new UsageError(
        `driver module ${path}: it passed its trial, and the CPU cannot load it: ${failure}`,
      );
    return this.book.add({ bundle, references: [path], definition });
  }

  /** Throws UsageError. */
  private async demandTrial(path: string, bundle: Bundle): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const pool = new SimPool({ drivers: [], applications: [], checkers: [] }, [], 1);
    try {
      const objection = await pool.trial(bundle, AbortSignal.any([patience, this.over]));
      if (objection !== undefined) throw new UsageError(objection.message, objection.place);
    } catch (error) {
      if (patience.aborted)
        throw new UsageError(
          `driver module ${path}: nothing came back from its trial in ${PATIENCE_MS / 1000} s: every call is bounded, only start and stop may wait, and they yield`,
        );
      if (!this.over.aborted) throw error;
    } finally {
      await pool.close();
    }
  }
}

/** Runs the code of disks' swaps on a scratch disk, between all drivers, so that the first real one is as short as the next. */
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import { DISK_FORMAT } from '../drivers/nvme/state.ts';
import { resolveParameters } from '../drivers/parameters.ts';
import type { Clock } from '../hw/clock.ts';
import { SwapDesk } from './desk.ts';
import { DISK_KIND, type DiskTypes } from './disk-kind.ts';
import { Exchange } from './exchange.ts';
import { SwapHost } from './host.ts';
import { PATIENCE } from './probation.ts';
import { notNeeded } from './rehearsal.ts';
import { SCRATCH_DEPTH, ScratchDisk } from './scratch-disk.ts';
import { pollMediated, Slot } from './slot.ts';
import type { Understudy } from './understudy.ts';

/** On each of two disks: the compiler is not to take for granted what holds for the only object of a class. */
const SWAPS = 1000;
/** A swap and its control window take a few dozen; a driver that does not come to an end is left to the real swaps. */
const POLLS_AT_MOST = 200 * SWAPS;
const REQUESTS_PER_TURN = 6;
/** Always due, and no whole number: times are none in earnest. */
const INTERVAL_US = 0.25;
const VECTOR = 1;
/** Then it is quiet: a driver with a buffer can write that out. */
const POLLS_WITH_REQUESTS = 4;

/** As `rehearse` does for cards; the understudy learns the pauses of disks too. To be done before a CPU is made. */
export function rehearseDisks(
  definitions: readonly DiskDriverDefinition[],
  clock: Clock,
  understudy: Understudy,
  needed: () => boolean = notNeeded,
): void {
  try {
    swapAround(definitions, clock, understudy, needed);
    if (!needed()) teach(understudy, definitions, clock);
    swapAround(definitions, clock, understudy, needed);
  } catch {
    // Nothing depends on a rehearsal: swaps are slower until the compiler knows them.
  }
}

function swapAround(
  definitions: readonly DiskDriverDefinition[],
  clock: Clock,
  understudy: Understudy,
  needed: () => boolean,
): void {
  const disk = new ScratchDisk(clock);
  const slot = scratchSlot(disk, definitions[0]);
  disk.slot = slot;
  const host = new SwapHost([slot], disk.bell, PATIENCE, () => undefined, understudy);
  const drivers = {
    nic: new Map(),
    nvme: new Map(definitions.map((definition) => [definition.name, definition])),
  };
  const round = { intervalUs: INTERVAL_US, method: 'inplace', vary: {} } as const;
  const desk = new SwapDesk(host, [slot], drivers, [], round, 1, () => undefined);
  desk.start(clock.nowUs());
  for (let poll = 0; poll < POLLS_AT_MOST && desk.scheduled < SWAPS && !needed(); poll++) {
    disk.turn(REQUESTS_PER_TURN);
    slot.driver.interrupt(VECTOR);
    desk.poll(slot);
    desk.tick(clock.nowUs());
  }
}

/** A swap of each pair, up to its probation, each on a disk of its own: some of them leave a buffer there. */
function teach(understudy: Understudy, definitions: readonly DiskDriverDefinition[], clock: Clock): void {
  for (const from of definitions)
    for (const to of definitions) {
      const disk = new ScratchDisk(clock);
      const slot = scratchSlot(disk, from);
      disk.slot = slot;
      const host = new SwapHost([slot], disk.bell, PATIENCE, () => undefined);
      const exchange = new Exchange(slot, host, { id: 0, to, parameters: {}, method: 'inplace' });
      const { record } = exchange;
      for (let poll = 0; poll < POLLS_AT_MOST && record.phase !== 'probation' && !exchange.done; poll++) {
        disk.turn(poll < POLLS_WITH_REQUESTS ? REQUESTS_PER_TURN : 0);
        slot.driver.interrupt(VECTOR);
        pollMediated(slot, exchange);
      }
      if (record.phase === 'probation' && !exchange.done) understudy.learn(exchange);
    }
}

function scratchSlot({ environment }: ScratchDisk, definition: DiskDriverDefinition): Slot<DiskTypes> {
  const parameters = resolveParameters(definition.name, definition.parameters, { queueDepth: SCRATCH_DEPTH });
  const driver = definition.create(environment, parameters);
  driver.importState(DISK_FORMAT);
  driver.activate();
  return new Slot<DiskTypes>(0, DISK_KIND, environment, definition, parameters, driver);
}

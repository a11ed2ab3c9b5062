/** Runs the code of disks' swaps on a scratch disk, between all drivers, so that the first real one is as short as the next. */
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import { DISK_FORMAT } from '../drivers/nvme/state.ts';
import { resolveParameters } from '../drivers/parameters.ts';
import type { Clock } from '../hw/clock.ts';
import { SwapDesk } from './desk.ts';
import { DISK_KIND, type DiskTypes } from './disk-kind.ts';
import { SwapHost } from './host.ts';
import { PATIENCE } from './probation.ts';
import { SCRATCH_DEPTH, ScratchDisk } from './scratch-disk.ts';
import { POLL_BUDGET, Slot } from './slot.ts';

const SWAPS = 2000;
/** A swap and its control window take a few dozen; a driver that does not come to an end is left to the real swaps. */
const POLLS_AT_MOST = 200 * SWAPS;
const REQUESTS_PER_TURN = 6;
/** Always due, and no whole number: times are none in earnest. */
const INTERVAL_US = 0.25;
const VECTOR = 1;

/** As `rehearse` does for cards, but for the understudy. To be done before a CPU is made. */
export function rehearseDisks(definitions: readonly DiskDriverDefinition[], clock: Clock): void {
  try {
    swapAround(definitions, clock);
  } catch {
    // Nothing depends on a rehearsal: swaps are slower until the compiler knows them.
  }
}

function swapAround(definitions: readonly DiskDriverDefinition[], clock: Clock): void {
  const disk = new ScratchDisk(clock);
  const slot = scratchSlot(disk, definitions[0]);
  disk.slot = slot;
  const host = new SwapHost([slot], disk.bell, PATIENCE, () => undefined);
  const drivers = {
    nic: new Map(),
    nvme: new Map(definitions.map((definition) => [definition.name, definition])),
  };
  const round = { intervalUs: INTERVAL_US, method: 'inplace', vary: {} } as const;
  const desk = new SwapDesk(host, [slot], drivers, [], round, 1, () => undefined);
  desk.start(clock.nowUs());
  for (let poll = 0; poll < POLLS_AT_MOST && desk.scheduled < SWAPS; poll++) {
    disk.turn(REQUESTS_PER_TURN);
    slot.driver.interrupt(VECTOR);
    if (slot.mediator === null) slot.driver.poll(POLL_BUDGET);
    else desk.poll(slot, slot.mediator);
    desk.tick(clock.nowUs());
  }
}

function scratchSlot({ environment }: ScratchDisk, definition: DiskDriverDefinition): Slot<DiskTypes> {
  const parameters = resolveParameters(definition.name, definition.parameters, { queueDepth: SCRATCH_DEPTH });
  const driver = definition.create(environment, parameters);
  driver.importState(DISK_FORMAT);
  driver.activate();
  return new Slot<DiskTypes>(0, DISK_KIND, environment, definition, parameters, driver);
}

/** What the watchdog looks at, as the main thread finds it in memory. */
import { Control } from '../../host/control.ts';
import { lookoutOfDisk } from '../../host/disk-standing-work.ts';
import type { MachineLayout } from '../../host/machine.ts';
import { type Lookout, lookoutOf } from '../../host/standing-work.ts';
import { Tenure } from '../../host/tenure.ts';
import type { Clock } from '../../hw/clock.ts';
import type { Memory } from '../../hw/memory.ts';
import { CpuPort } from '../../hw/msix.ts';
import type { GoingBack } from './going-back.ts';
import { type Hang, Watchdog, type WatchedDevice } from './watchdog.ts';

/** Whichever CPU serves. `goingBack` looks as often, at who drives. */
export function watchdogOf(
  memory: Memory,
  layout: MachineLayout,
  clock: Clock,
  goingBack: GoingBack,
  hangs: (hang: Hang) => void,
): Watchdog {
  const control = new Control(memory, layout.control);
  const tenure = new Tenure(memory, layout.tenure);
  const ports = layout.cpus.map((cpu) => new CpuPort(memory, cpu));
  const watch = (index: number, look: Lookout): WatchedDevice => ({
    look,
    offers: () => control.offers(index),
    isSwapping: () => control.isSwapping(index),
  });
  const cards = layout.cards.map((card) =>
    watch(
      card.index,
      lookoutOf(memory, layout, card, clock, ({ index }) => goingBack.stateAddress(index)),
    ),
  );
  const disks = layout.disks.map((disk) =>
    watch(
      disk.index,
      lookoutOfDisk(memory, disk, control, () => goingBack.stateAddress(disk.index)),
    ),
  );
  const watched = {
    beat: () => {
      goingBack.look();
      return control.cpuBeat;
    },
    asleep: () => ports[tenure.holder].bell.asleep(),
    serving: () => control.serving,
    devices: [...cards, ...disks],
  };
  return new Watchdog(watched, hangs);
}

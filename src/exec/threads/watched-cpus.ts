/** What the watchdog looks at, as the main thread finds it in memory. */
import { Control } from '../../host/control.ts';
import type { MachineLayout } from '../../host/machine.ts';
import { lookoutOf } from '../../host/standing-work.ts';
import { Tenure } from '../../host/tenure.ts';
import type { Clock } from '../../hw/clock.ts';
import type { Memory } from '../../hw/memory.ts';
import { CpuPort } from '../../hw/msix.ts';
import type { GoingBack } from './going-back.ts';
import { type Hang, Watchdog } from './watchdog.ts';

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
  const devices = layout.cards.map((card) => ({
    look: lookoutOf(memory, layout, card, clock, ({ index }) => goingBack.stateAddress(index)),
    offers: () => control.offers(card.index),
    isSwapping: () => control.isSwapping(card.index),
  }));
  const watched = {
    beat: () => {
      goingBack.look();
      return control.cpuBeat;
    },
    asleep: () => ports[tenure.holder].bell.asleep(),
    serving: () => control.serving,
    devices,
  };
  return new Watchdog(watched, hangs);
}

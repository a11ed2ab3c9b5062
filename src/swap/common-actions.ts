/** The steps that every swap has, whatever device it is of. */
import type { Driver, DriverDeclaration } from '../drivers/contract.ts';
import type { OwnWords } from '../drivers/state-block.ts';
import { Conversion } from './conversion.ts';
import type { Action, DeviceKind, DeviceTypes } from './device.ts';
import type { Exchange } from './exchange.ts';
import type { Step, StepKind } from './plan.ts';
import type { SwapRecord } from './record.ts';
import { reasonOf, SERVE, type Slices } from './slices.ts';

/** Slots walked in one slice. */
const SLOTS_PER_SLICE = 1024;

/** Looked up once for each list of steps, of which there are few: not in the pause. */
const KNOWN = new WeakMap<readonly Step[], readonly unknown[]>();

/** A list of steps is of one kind of device. */
export function actionsOf<T extends DeviceTypes>(
  steps: readonly Step[],
  kind: DeviceKind<T>,
): readonly Action<T>[] {
  const known = KNOWN.get(steps);
  if (known !== undefined) return known as readonly Action<T>[];
  const actions = steps.map((step) => {
    const action = kind.actions[step.kind];
    if (action === undefined)
      throw new Error(`a plan has step ${step.kind}, which this device does not know`);
    return action;
  });
  KNOWN.set(steps, actions);
  return actions;
}

/** What is undone when a queue's move fails, of a driver that has proved itself: it hands over what it then has. */
export const UNDONE_LATE: ReadonlySet<StepKind> = new Set<StepKind>([
  'create',
  'quiesce',
  'point',
  'moveQueues',
]);

export const COMMON_ACTIONS = {
  agree: { run: agree },
  create: { run: create, undo: ({ next, record }) => letGo(next, record.to, record) },
  quiesce: { run: ({ old }) => old.driver.quiesce(), undo: ({ old }) => old.driver.activate() },
  export: { run: exportState, undo: takeBackExport },
  convert: { run: convert, undo: takeBackWords },
  validate: { run: ({ slot }) => slot.environment.state.validate(slot.environment.port.device) },
  import: { run: importState },
  point: { run: point, undo: handBack },
  activate: { run: ({ slot }) => slot.driver.activate() },
  watch: { run: watch },
  release: { run: ({ old, record }) => letGo(old.driver, record.from, record) },
} as const satisfies Partial<Record<StepKind, Action<DeviceTypes>>>;

/** The plan could not have been made otherwise; making it was a slice's work. */
function* agree(): Slices {
  yield SERVE;
}

function* create(exchange: Exchange<DeviceTypes>): Slices {
  const { slot, request, plan } = exchange;
  exchange.next = slot.kind.create(request.to, slot.environment, plan.parameters);
  slot.assignment.prepare(request.to, plan.parameters);
  if (plan.steps.some(({ kind }) => kind === 'convert'))
    exchange.conversion = new Conversion(plan.converters);
  yield SERVE;
}

/** In the pause: what is copied is a few dozen words for each queue. What the old driver has for itself stays in its bank. */
function exportState({ slot, old, plan }: Exchange<DeviceTypes>): void {
  const { state } = slot.environment;
  state.save(slot.snapshot);
  state.own.moveTo(slot.assignment.nextBank, plan.format);
  old.driver.exportState(plan.format);
}

function takeBackExport({ slot }: Exchange<DeviceTypes>): void {
  const { state } = slot.environment;
  state.restore(slot.snapshot);
  state.own.use(slot.assignment.bank);
}

function convert({ slot, conversion, plan }: Exchange<DeviceTypes>): void {
  conversion?.convert(slot.environment.state.own, plan.imported);
}

/** Once: what the old driver then does with them is its own affair. */
function takeBackWords(exchange: Exchange<DeviceTypes>): void {
  exchange.conversion?.takeBack(exchange.slot.environment.state.own, exchange.plan.format);
  exchange.conversion = undefined;
}

function importState({ driverToCome, plan }: Exchange<DeviceTypes>): void {
  driverToCome.importState(plan.imported);
}

function point(exchange: Exchange<DeviceTypes>): void {
  const { slot, request, plan, driverToCome } = exchange;
  slot.driver = driverToCome;
  slot.definition = request.to;
  slot.parameters = plan.parameters;
  exchange.serveNew(true);
  exchange.probation.begin();
}

/** The old driver takes the rings back as they are now; the new one's service up to here stands. */
function handBack(exchange: Exchange<DeviceTypes>): void {
  const { slot, old, plan, record, driverToCome } = exchange;
  const { state, port } = slot.environment;
  exchange.serveNew(false);
  for (const end of [() => driverToCome.quiesce(), () => driverToCome.exportState(plan.imported)])
    try {
      end();
    } catch (error) {
      record.notes.push(`${record.to} on its way out: ${reasonOf(error)}`);
      exchange.next = undefined; // whether what it holds is its own cannot be told
    }
  slot.assignment.prepare(old.definition, old.parameters);
  const format = giveBackWords(exchange);
  state.validate(port.device);
  old.driver.importState(format);
  slot.driver = old.driver;
  slot.definition = old.definition;
  slot.parameters = old.parameters;
  slot.assignment.point();
  state.save(slot.snapshot); // the undo of `export` finds what is true now
}

/**
 * What the old driver has for itself, in the bank that is to hold: what the new one has of it, if they speak of it alike; as it was exported, if it
 * was converted; or as the old one has left it, if the new one was not told of it, or began from nothing. Returns the format that it is in.
 */
function giveBackWords(exchange: Exchange<DeviceTypes>): string {
  const { slot, old, plan, conversion, request } = exchange;
  const { own } = slot.environment.state;
  const { nextBank } = slot.assignment;
  const bank = own.inUse;
  own.use(1 - bank);
  const format = (conversion === undefined ? leftBy(old.definition, own) : undefined) ?? plan.format;
  const continued = old.definition.device === 'nvme' || request.method !== 'reset';
  if (format === plan.format && continued) own.use(bank);
  own.moveTo(nextBank, format);
  takeBackWords(exchange);
  return format;
}

/** The format of what a driver of a card has left in its bank. Those of disks differ in more than these words. */
export function leftBy({ device, imports }: DriverDeclaration, own: OwnWords): string | undefined {
  return device === 'nic' && own.any ? imports.find((known) => own.isIn(known)) : undefined;
}

/** Slots are walked while the new driver shows what it can: it passes when both are done. */
function* watch(exchange: Exchange<DeviceTypes>): Slices {
  const { probation, slot } = exchange;
  const walk = slot.kind.walk(slot.environment);
  let walked = false;
  while (!walked || !probation.passed()) {
    yield SERVE;
    if (!walked) walked = walk.advance(SLOTS_PER_SLICE);
    exchange.waitForVerdict(walked);
  }
  slot.assignment.point(); // before that, a CPU that takes over finds the old driver
  exchange.prove();
}

/** It serves no longer, if it was ever made: a driver that fails on its way out is named, no more. */
function letGo(driver: Driver | undefined, name: string, record: SwapRecord): void {
  try {
    driver?.release();
  } catch (error) {
    record.notes.push(`${name} failed in release: ${reasonOf(error)}`);
  }
}

import type { Dump } from '../testbed/index.ts';
import { UsageError } from '../testbed/index.ts';
import { hex } from './format.ts';
import { ringLines } from './ring.ts';
import type { Screen } from './screen.ts';
import { section, table, wrap } from './text.ts';

type NicDump = Dump['nics'][number];

export interface InspectFlags {
  readonly nic?: string;
  readonly registers?: boolean;
  readonly rings?: boolean;
}

/** The dump of one card, or of all. */
export function selected(dump: Dump, nic: string | undefined): Dump {
  if (nic === undefined) return dump;
  const nics = dump.nics.filter(({ name }) => name === nic);
  if (nics.length > 0) return { ...dump, nics };
  throw new UsageError(`--nic ${nic}: the dump has only ${dump.nics.map(({ name }) => name).join(', ')}`);
}

/** Registers, state block and rings; with a flag, only what it names. */
export function renderDump(dump: Dump, flags: InspectFlags, screen: Screen): string {
  const all = flags.registers !== true && flags.rings !== true;
  const blocks = dump.nics.flatMap((nic) => [
    [`${screen.colors.bold(nic.name)}  driver ${nic.driver}, taken at ${dump.takenAt}`],
    ...(all || flags.registers === true ? [registers(nic, all, screen)] : []),
    ...(all ? [section(screen, 'State block', '', words(nic.state))] : []),
    ...(all || flags.rings === true ? rings(nic, screen) : []),
  ]);
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Most registers of a card read 0; beside other things they are left out. */
function registers({ registers }: NicDump, withoutZeros: boolean, screen: Screen): string[] {
  const shown = registers.filter(({ value }) => !withoutZeros || value !== 0);
  const rows = shown.map(({ name, offset, access, value }) => [
    name,
    hex(offset, 5),
    access,
    hex(value >>> 0, 8),
    String(value >>> 0),
  ]);
  const heads = ['register', 'offset', 'access', 'value', 'decimal'].map((head) => screen.colors.dim(head));
  const hidden = registers.length - shown.length;
  return section(screen, 'Registers', '', [
    ...table(['left', 'left', 'left', 'left', 'right'], [heads, ...rows]),
    ...(hidden > 0 ? wrap(`${hidden} more read 0; --registers shows them too`, screen.columns - 2) : []),
  ]);
}

function rings(nic: NicDump, screen: Screen): string[][] {
  return [
    ...nic.rx.map((ring) => ({ direction: 'Receive', ring })),
    ...nic.tx.map((ring) => ({ direction: 'Transmit', ring })),
  ].map(({ direction, ring }) =>
    section(screen, `${direction} ring ${ring.queue}`, `${ring.descriptors.length} descriptors`, [
      ...wrap(ring.words.map(({ name, value }) => `${name} ${value}`).join(', '), screen.columns - 2, 2),
      ...ringLines(ring.descriptors, screen),
    ]),
  );
}

function words(list: NicDump['state']): string[] {
  return table(
    ['left', 'right', 'left'],
    list.map(({ name, value }) => [name, String(value), hex(value >>> 0, 8)]),
  );
}

import type { Catalogue } from '../testbed/index.ts';
import type { Screen } from './screen.ts';
import { facts, indent, section, table, widthOf, wrap } from './text.ts';

type Driver = Catalogue['drivers'][number];
interface Entry {
  readonly name: string;
  readonly description: string;
}

/** Narrower descriptions are put on a line of their own. */
const DESCRIPTION_LEAST = 24;

/** All that can be named on the command line or in a scenario. */
export function renderList(catalogue: Catalogue, screen: Screen): string {
  const room = screen.columns - 2;
  const drivers = catalogue.drivers.flatMap((driver, index) => [
    ...(index === 0 ? [] : ['']),
    ...driverEntry(driver, room, screen),
  ]);
  const sections = [
    section(screen, 'Devices', '', named(catalogue.devices, room)),
    section(screen, 'Drivers', '', drivers),
    section(screen, 'Applications', '', named(catalogue.applications, room)),
    section(screen, 'Formats', '', named(catalogue.formats, room)),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function driverEntry(driver: Driver, columns: number, { colors }: Screen): string[] {
  const room = columns - 2;
  return [
    `${colors.bold(driver.name)} ${colors.dim(`version ${driver.version}, for ${driver.device}`)}`,
    ...indent([
      ...wrap(driver.description, room),
      ...wrap(formats(driver), room, 2),
      ...parameters(driver, room, colors.dim),
    ]),
  ];
}

function formats({ exports, imports, converters }: Driver): string {
  const ways = converters.map(({ from, to }) => `${from} → ${to}`);
  const converts = ways.length === 0 ? [] : [`converts ${ways.join(', ')}`];
  return [`exports ${exports.join(', ')}`, `imports ${imports.join(', ')}`, ...converts].join('; ');
}

function parameters({ parameters }: Driver, columns: number, dim: (text: string) => string): string[] {
  if (parameters.length === 0) return ['no parameters'];
  const figures = table(
    ['left', 'right', 'right', 'left'],
    [
      ['parameter', 'default', 'range', 'unit'].map((head) => dim(head)),
      ...parameters.map(({ name, default: normal, min, max, unit }) => [
        name,
        normal,
        `${min} to ${max}`,
        unit,
      ]),
    ],
  );
  const width = widthOf(figures) + 2;
  const descriptions = ['', ...parameters.map(({ description }) => description)];
  return figures.flatMap((line, index) => {
    const description = descriptions[index] ?? '';
    if (columns - width < DESCRIPTION_LEAST) {
      return [line, ...(description === '' ? [] : indent(wrap(description, columns - 2)))];
    }
    const [first = '', ...rest] = wrap(description, columns - width);
    const padding = ' '.repeat(width - widthOf([line]));
    return [(line + padding + first).trimEnd(), ...indent(rest, width)];
  });
}

function named(list: readonly Entry[], columns: number): string[] {
  return facts(
    list.map(({ name, description }) => [name, description]),
    columns,
  );
}

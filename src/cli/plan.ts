import type { PlannedSwap } from '../testbed/index.ts';
import { counted } from './format.ts';
import type { Screen } from './screen.ts';
import { indent, widthOf, wrap } from './text.ts';

const METHODS: Readonly<Record<string, string>> = {
  inplace: 'in place',
  drain: 'drain, then swap',
  reset: 'reset and reinitialise',
};

/** What each swap would do, step by step, and how each step is undone. */
export function renderPlan(swaps: readonly PlannedSwap[], screen: Screen): string {
  if (swaps.length === 0) return 'No swap is asked for; --swap and --swap-every do.\n';
  const blocks = swaps.map((swap, index) => plannedSwap(swap, index + 1, screen).join('\n'));
  const refused = swaps.filter((swap) => swap.refused !== undefined).length;
  const summary = `${counted(swaps.length, 'swap')} planned, ${refused} of them refused; nothing was run`;
  return `${[...blocks, summary].join('\n\n')}\n`;
}

function plannedSwap(swap: PlannedSwap, number: number, { columns, colors }: Screen): string[] {
  const room = columns - 2;
  const method = METHODS[swap.method] ?? swap.method;
  const title = `${colors.bold(`${number}. ${swap.device}: ${swap.from} → ${swap.to}`)}${colors.dim(`, ${method}`)}`;
  if (swap.refused !== undefined) {
    return [title, ...indent(wrap(`${colors.red('refused')}: ${swap.refused}`, room, 2))];
  }
  const phaseWidth = widthOf(swap.steps.map(({ phase }) => phase)) + 2;
  const steps = swap.steps.flatMap(({ phase, text, undo }, index) => [
    // A phase of several steps is named once.
    (phase === swap.steps[index - 1]?.phase ? '' : phase).padEnd(phaseWidth) +
      wrap(text, room - phaseWidth).join(`\n${' '.repeat(phaseWidth + 2)}`),
    ...indent(
      wrap(undo === undefined ? 'nothing to undo' : `undo: ${undo}`, room - phaseWidth, 6).map(colors.dim),
      phaseWidth,
    ),
  ]);
  const notes = swap.notes.flatMap((note) => wrap(`note: ${note}`, room, 6).map(colors.yellow));
  return [title, ...indent([...steps, ...notes])];
}

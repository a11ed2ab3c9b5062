import type { Report, SwapNote } from '../../testbed/index.ts';
import { grouped } from '../format.ts';
import type { Screen } from '../screen.ts';
import { section, wrap } from '../text.ts';

const NOTES_SHOWN = 5;

/** Swaps with something to tell: refused, rolled back, or done with a remark. */
export function notes({ swaps }: Report, screen: Screen): string[] {
  if (swaps.notes.length === 0) return [];
  // What went wrong comes before mere remarks.
  const told = [...swaps.notes].sort((a, b) => Number(a.outcome === 'done') - Number(b.outcome === 'done'));
  const shown = told.slice(0, NOTES_SHOWN);
  const body = shown.flatMap((note) => wrap(noteText(note), screen.columns - 2, 2));
  const rest = told.length - shown.length;
  const more = rest > 0 ? [screen.colors.dim(`and ${grouped(rest)} more (--json FILE lists them)`)] : [];
  return section(screen, 'Remarks on swaps', '', [...body, ...more]);
}

function noteText({ swap, device, from, to, outcome, phase, reason }: SwapNote): string {
  const what = {
    done: 'done',
    refused: `refused in ${phase}`,
    rolledBack: `rolled back in ${phase}`,
  }[outcome];
  return `swap ${swap} on ${device}, ${from} → ${to}, ${what}: ${reason}`;
}

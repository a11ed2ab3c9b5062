import type { Report } from '../../testbed/index.ts';
import type { Screen } from '../screen.ts';
import { section, wrap } from '../text.ts';

/** Which file each driver of the user's own came from: of versions of one file names differ by a number alone. */
export function ownDrivers({ ownDrivers: own = [] }: Report, screen: Screen): string[] {
  if (own.length === 0) return [];
  const lines = own.flatMap(({ name, version, file }) =>
    wrap(`${name} ${version} from ${file}`, screen.columns - 2, 2),
  );
  return section(screen, 'Drivers from files', '', lines);
}

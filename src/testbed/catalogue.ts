import type { DriverDeclaration } from '../drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../drivers/index.ts';
import { STATE_FORMAT } from '../drivers/nic/state.ts';
import { DISK_FORMAT } from '../drivers/nvme/state.ts';
import { APPLICATIONS } from '../host/apps/applications.ts';
import { openDriverFiles } from './drivers.ts';

export interface Catalogue {
  readonly devices: readonly Described[];
  readonly drivers: readonly DriverEntry[];
  readonly applications: readonly Described[];
  readonly formats: readonly Described[];
}

interface Described {
  readonly name: string;
  readonly description: string;
}

interface DriverEntry extends Described {
  readonly version: string;
  readonly device: string;
  readonly exports: readonly string[];
  readonly imports: readonly string[];
  readonly converters: readonly { readonly from: string; readonly to: string }[];
  readonly parameters: readonly {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly min: number;
    readonly max: number;
    readonly default: number;
  }[];
}

/** What this testbed has: devices, drivers with their parameters, applications, state formats. */
export function catalogue(): Catalogue {
  return catalogueOf([]);
}

/** The same with drivers of the user's own, by the paths of their modules. Throws UsageError. */
export async function catalogueWith(driverFiles: readonly string[]): Promise<Catalogue> {
  const loaded = await openDriverFiles(driverFiles);
  return catalogueOf(loaded.map(({ definition }) => definition));
}

function catalogueOf(own: readonly DriverDeclaration[]): Catalogue {
  return {
    devices: [
      {
        name: 'nic',
        description: 'network card after the Intel 82599: eight queue pairs, RSS, MSI-X, PAUSE, jumbo frames',
      },
      {
        name: 'nvme',
        description:
          'disk after NVM Express 1.4: queue pairs, PRP lists, volatile write cache, in memory or in a file',
      },
    ],
    drivers: [...NIC_DRIVERS, ...DISK_DRIVERS, ...own].map(
      ({ name, version, device, description, exports, imports, converters = [], parameters }) => ({
        name,
        version,
        device,
        description,
        exports,
        imports,
        converters: converters.map(({ from, to }) => ({ from, to })),
        parameters: parameters.map(
          ({ name: parameter, description: text, unit, min, max, default: usual }) => ({
            name: parameter,
            description: text,
            unit,
            min,
            max,
            default: usual,
          }),
        ),
      }),
    ),
    applications: APPLICATIONS.map(({ name, description }) => ({ name, description })),
    formats: [
      {
        name: STATE_FORMAT,
        description: 'rings, posted buffers and transmit shadows of all queues, as words in DMA memory',
      },
      {
        name: DISK_FORMAT,
        description:
          'queue pairs of a disk, with the requests of each command in flight, as words in DMA memory',
      },
    ],
  };
}

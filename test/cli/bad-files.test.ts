/** Bad files of every kind, and more memory than there is: one clear line, status 2, and what is wrong where. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ringswap, root } from './command.ts';
import { RUN, refuses } from './refusals.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-bad-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LAN_MIX = readFileSync(join(root, 'data/lan-mix.pcap'));
const REPLAY = ['run', '--frames', '1e12', '--capture'];

function path(name: string): string {
  return join(folder, name);
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}

/** Where the record of a classic pcap file begins that holds this byte. */
function recordAround(byte: number): number {
  let at = 24;
  for (let next = at; next <= byte; next += 16 + LAN_MIX.readUInt32LE(next + 8)) at = next;
  return at;
}

describe('a capture', () => {
  const half = LAN_MIX.subarray(0, 100_000);
  const swapped = Buffer.from(LAN_MIX);
  swapped.writeUInt32LE(0x7fff_ffff, recordAround(5000) + 8);
  refuses([
    ['that is missing', [...REPLAY, path('none.pcap')], path('none.pcap'), 'no such file'],
    ['that is a folder', [...REPLAY, folder], 'is a directory'],
    ['that is empty', [...REPLAY, file('empty.pcap', '')], 'empty.pcap', 'at byte 0', 'is empty'],
    [
      'that is text',
      [...REPLAY, file('text.pcap', 'From: me\nTo: you\n'.repeat(9))],
      'at byte 0',
      'neither pcap nor pcapng',
    ],
    [
      'cut in a record',
      [...REPLAY, file('cut.pcap', half)],
      `at byte ${recordAround(100_000)}: `,
      'the file ends after',
    ],
    [
      'cut in its header',
      [...REPLAY, file('head.pcap', half.subarray(0, 20))],
      'at byte 0: ',
      '24 bytes',
      'after 20',
    ],
    [
      'cut in a record header',
      [...REPLAY, file('record.pcap', half.subarray(0, 30))],
      'at byte 24: ',
      '16 bytes',
      'after 6',
    ],
    ['with an impossible length', [...REPLAY, file('long.pcap', swapped)], `at byte ${recordAround(5000)}`],
    [
      'without a frame',
      [...REPLAY, file('none.pcap.empty', half.subarray(0, 24))],
      'holds no frame that can be replayed',
    ],
    [
      'of one card',
      ['run', '--frames', '1e12', '--nic', `a,capture=${path('other.pcap')}`],
      path('other.pcap'),
    ],
  ]);
});

describe('a scenario file', () => {
  const scenario = (name: string, value: unknown) => ['run', '--scenario', file(name, JSON.stringify(value))];
  refuses([
    ['that is missing', ['run', '--scenario', path('none.json')], 'no such file', 'none.json'],
    [
      'that is no JSON',
      ['run', '--scenario', file('no.json', '{\n"frames": 5,\n}')],
      'no.json is no JSON',
      'line 3',
    ],
    [
      'that is no object',
      scenario('list.json', []),
      'list.json',
      'the scenario is an empty list, but must be an object',
    ],
    [
      'with an unknown key',
      scenario('key.json', { frame: 5 }),
      '/frame is no known key',
      'did you mean "frames"?',
    ],
    [
      'wrong deep down',
      scenario('deep.json', { nics: [{ name: 'a' }, { name: 'b', queues: 9 }] }),
      '/nics/1/queues is 9',
      'from 1 to 8',
    ],
    [
      'with a swap without a time',
      scenario('at.json', { swaps: [{ nic: 'a', to: 'polling' }] }),
      '/swaps/0 lacks "at"',
    ],
    [
      'with a bad interval',
      scenario('every.json', { swapEvery: { interval: '5' } }),
      '/swapEvery/interval is "5"',
      '"250us"',
    ],
    [
      'that names an unknown card',
      scenario('nic.json', { nics: [{ name: 'a' }], swaps: [{ at: '1s', nic: 'b', to: 'polling' }] }),
      'swap 1: there is no card b',
    ],
    [
      'that says frames and duration',
      scenario('both.json', { frames: 5, duration: '1s' }),
      'both "frames" and "duration"',
    ],
  ]);
});

describe('memory', () => {
  refuses([
    [
      'more than there is',
      [...RUN, '--memory', '100000G'],
      'GiB',
      'more memory than this host has',
      '--memory',
    ],
    ['too little', [...RUN, '--memory', '64K'], 'memory 64K', /need \d+ packet buffers, \d+M/],
    ['none', [...RUN, '--memory', '0'], 'memory 0', 'packet buffers'],
    ['in an unknown unit', [...RUN, '--memory', '5T'], '"5T"', '"64M"'],
  ]);
});

describe('a driver module', () => {
  const run = (name: string) => [...RUN, '--driver', name];
  refuses([
    ['that is missing', run(path('none.mjs')), path('none.mjs'), 'no such file'],
    [
      'that is missing, as the driver to come',
      [...RUN, '--swap', 'at=1s,to=./none.mjs'],
      './none.mjs',
      'no such file',
    ],
    [
      'with a syntax error',
      run(file('syntax.mjs', 'export default {')),
      'syntax.mjs',
      'syntax.mjs:1:17: Expected identifier but found end of file',
    ],
    [
      'that throws',
      run(file('throws.mjs', '\nthrow new Error("not today")')),
      'throws.mjs:2:7: not today\n     2 | throw new Error("not today")\n       |       ^\n',
    ],
    ['that throws no error', run(file('odd.mjs', 'throw null')), 'odd.mjs: it throws null'],
    [
      'that imports what is not there',
      run(file('import.mjs', 'import "./gone.mjs"')),
      'import.mjs:1:8: Could not resolve "./gone.mjs"',
    ],
    [
      'without a default export',
      run(file('named.mjs', 'export const driver = 1')),
      'named.mjs',
      'default export',
    ],
    [
      'whose default export is no driver',
      run(file('class.mjs', 'export default class {}')),
      'class.mjs',
      'default export',
    ],
    [
      'that lacks create',
      run(file('less.mjs', 'export default { name: "less", device: "nic" }')),
      'less.mjs:1:1: `version` is missing, a string was wanted; also wrong: `description`',
      'create',
    ],
    [
      'of disks, for a card',
      [...RUN, '--nic', 'a,driver=./docs/examples/lazy-disk.ts'],
      "a: ./docs/examples/lazy-disk.ts is a driver of disks (device: 'nvme'), and one of network cards is wanted",
    ],
    [
      'of disks, where there are none',
      run('./docs/examples/lazy-disk.ts'),
      'there is no disk; add one (--disk nvme0)',
    ],
    [
      'of cards, as the driver of a disk to come',
      [...RUN, '--disk', 'd', '--swap', 'at=1s,to=./docs/examples/lazy-polling.mjs'],
      'swap 1: ./docs/examples/lazy-polling.mjs is a driver of network cards',
    ],
    [
      'of cards, for a disk to be served',
      [
        'serve',
        'nbd',
        '--socket',
        '/tmp/ringswap-never-made.sock',
        '--driver',
        './docs/examples/lazy-polling.mjs',
      ],
      'nvme0: ./docs/examples/lazy-polling.mjs is a driver of network cards',
    ],
    [
      'in TypeScript, with a field that is wrong',
      [
        'conform',
        file('field.ts', 'export default {\n  name: "a" as string,\n  version: 2,\n  device: "nvme",\n};'),
      ],
      'field.ts:3:3: `version` is a number, a string was wanted',
      '\n     3 |   version: 2,\n       |   ^\n',
    ],
    [
      'that imports what ringswap has not',
      [
        'list',
        file(
          'has-not.ts',
          'import {\n  RING_PARAMETERS,\n  RingDrivr,\n} from "ringswap";\nexport default [RING_PARAMETERS, RingDrivr];',
        ),
      ],
      "has-not.ts:3:3: SyntaxError: The requested module 'ringswap' does not provide an export named 'RingDrivr'",
      '\n     3 |   RingDrivr,\n       |   ^\n',
    ],
    [
      'with a name that is taken',
      run(
        file(
          'taken.mjs',
          `import { RING_PARAMETERS } from 'ringswap';
    export default {
      name: "polling", version: "1", device: "nic", description: "", exports: [], imports: [],
      parameters: RING_PARAMETERS, create() {} }`,
        ),
      ),
      'taken.mjs: there is a driver named polling already, a built-in one; give yours another name',
    ],
  ]);
});

describe('an application module', () => {
  const run = (name: string) => [...RUN, '--app', name];
  const definition = (name: string, sends: string) =>
    `export default { name: "${name}", description: "", sends: "${sends}", create: () => { throw new Error("not today") } }`;
  refuses([
    ['that is missing', run(path('none.mjs')), `application module ${path('none.mjs')}`, 'no such file'],
    ['that is missing, of one card', [...RUN, '--nic', 'a,app=./none.mjs'], './none.mjs', 'no such file'],
    [
      'that throws',
      run(file('app-throws.mjs', 'throw new Error("not today")')),
      'app-throws.mjs',
      'not today',
    ],
    [
      'without a default export',
      run(file('app-named.mjs', 'export const application = 1')),
      'app-named.mjs',
      'its default export must be an application definition: name, description, sends',
    ],
    [
      'that is a driver',
      run('docs/examples/lazy-polling.mjs'),
      'lazy-polling.mjs',
      '`sends` is missing, one of "nothing", "back", "on" was wanted',
    ],
    [
      'that sends elsewhere',
      run(file('app-away.mjs', definition('away', 'away'))),
      '`sends` is "away", one of "nothing", "back", "on" was wanted',
    ],
    [
      'with a name that is taken',
      run(file('app-taken.mjs', definition('echo', 'back'))),
      'app-taken.mjs',
      'there is an application named echo already',
    ],
    [
      'that does not start',
      run(file('app-create.mjs', definition('mine', 'nothing'))),
      'application mine does not start: not today',
    ],
    [
      'that sends on, with nowhere to go',
      run(file('app-on.mjs', definition('passes', 'on'))),
      'eth0: passes sends by the card next to it',
    ],
    [
      'in a dry run',
      ['plan', '--app', path('none.mjs'), '--swap', 'at=1s,to=polling'],
      'application module',
      'no such file',
    ],
  ]);
});

describe('a file to write', () => {
  const gone = path('gone/file');
  refuses([
    [
      'a recording in a folder that is not there',
      [...RUN, '--pcap-out', gone],
      gone,
      'no such file or directory',
    ],
    ['a recording over a folder', [...RUN, '--pcap-out', folder], folder, 'illegal operation on a directory'],
    ['a dump in a folder that is not there', [...RUN, '--dump', gone], gone, 'no such file or directory'],
    ['a dump over a folder', [...RUN, '--dump', folder], folder, 'illegal operation on a directory'],
    ['a report in a folder that is not there', [...RUN, '--json', gone], gone, 'no such file or directory'],
  ]);
});

describe('a dump to inspect', () => {
  refuses([
    ['that is not there', ['inspect', path('none.dump')], 'none.dump', 'no such file'],
    [
      'that is no dump',
      ['inspect', file('report.json', '{"version":1}')],
      'report.json is no dump',
      '--dump FILE',
    ],
    ['that is no JSON', ['inspect', file('text.dump', 'text')], 'text.dump', 'JSON'],
  ]);
});

it('leaves no report, recording or dump behind of a run that did not begin', async () => {
  const files = ['left.json', 'left.pcapng', 'left.dump'].map(path);
  const [json = '', pcap = '', dump = ''] = files;
  await ringswap([...RUN, '--driver', 'dpdk', '--json', json, '--pcap-out', pcap, '--dump', dump]);
  expect(files.filter((name) => existsSync(name) && readFileSync(name).length > 0)).toEqual([]);
}, 60_000);

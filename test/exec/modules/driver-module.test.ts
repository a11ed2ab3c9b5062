/** Driver modules: taken as they are written, anew at each load, and refused with what is wrong and where. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { QUEUE_PARAMETERS } from '../../../src/drivers/nvme/queue-parameters.ts';
import { type DriverDefinition, loadDriver } from '../../../src/exec/modules/driver-module.ts';
import { bundleModule, ModuleError } from '../../../src/exec/modules/own-module.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-modules-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

function load(path: string): Promise<DriverDefinition> {
  return bundleModule('driver', path).then(loadDriver);
}

/** What a module is refused with, and the place that it names. */
async function refusal(path: string): Promise<Pick<ModuleError, 'message' | 'place'>> {
  try {
    await load(path);
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
  throw new Error(`${path} was taken`);
}

/** Fields of a driver, as a module's text; a change of undefined leaves a field out. */
function definition(
  device: 'nic' | 'nvme',
  change: Readonly<Record<string, string | undefined>> = {},
): string[] {
  const planned = device === 'nic' ? 'RING_PARAMETERS' : 'QUEUE_PARAMETERS';
  const fields: Record<string, string | undefined> = {
    name: "'mine'",
    version: "'1.0.0'",
    device: `'${device}'`,
    description: "'of the tests'",
    exports: '[]',
    imports: '[]',
    parameters: planned,
    create: '() => ({})',
    ...change,
  };
  const given = Object.entries(fields).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
  return [
    `import { ${planned} } from 'ringswap';`,
    'export default {',
    ...given.map(([name, text]) => `  ${name}: ${text},`),
    '};',
  ];
}

describe('a driver module', () => {
  it('may be TypeScript that imports TypeScript, and stays where it is', async () => {
    const { name, version, device, parameters } = await load(resolve('test/exec/drivers/in-turn.ts'));
    expect({ name, version, device }).toEqual({ name: 'in-turn', version: '1.2.3', device: 'nvme' });
    expect(parameters.at(-1)).toMatchObject({ name: 'every', min: 1, max: 64 });
  });

  it('gets the ringswap that loads it, wherever it lies', async () => {
    const { parameters } = await load(write('anywhere.ts', definition('nvme')));
    expect(parameters).toBe(QUEUE_PARAMETERS);
  });

  it('knows its own place by import.meta', async () => {
    const path = write(
      'place.mjs',
      definition('nvme', { description: 'import.meta.url', version: 'import.meta.dirname' }),
    );
    const { description, version } = await load(path);
    expect({ description, version }).toEqual({ description: pathToFileURL(path).href, version: folder });
  });

  it('is bundled afresh at each load, with what it imports', async () => {
    write('helper.ts', ["export const version: string = '1';"]);
    const text = (name: string) => [
      "import { version } from './helper.ts';",
      ...definition('nic', { name: `'${name}'`, version: 'version' }),
    ];
    const path = write('edited.ts', text('first'));
    const { name, version } = await load(path);
    expect({ name, version }).toEqual({ name: 'first', version: '1' });
    write('edited.ts', text('second'));
    write('helper.ts', ["export const version: string = '2';"]);
    const again = await load(path);
    expect({ name: again.name, version: again.version }).toEqual({ name: 'second', version: '2' });
  });

  it('is told from its other versions by what it does, not by how it is written', async () => {
    const digestOf = async (lines: readonly string[]) =>
      (await bundleModule('driver', write('digest.ts', lines))).digest;
    const lines = definition('nic');
    const first = await digestOf(lines);
    expect(await digestOf(['// a comment', ...lines.map((line) => `${line} `)])).toBe(first);
    expect(await digestOf(definition('nic', { version: "'1.0.1'" }))).not.toBe(first);
  });

  it('leaves nothing behind, taken or not', async () => {
    const left = () => readdirSync(tmpdir()).filter((name) => /^ringswap-\w{6}$/.test(name));
    const before = left();
    await load(write('good.ts', definition('nvme')));
    await refusal(write('bad.ts', ['throw new Error("no");']));
    expect(left().filter((name) => !before.includes(name))).toEqual([]);
    expect(readdirSync(folder).filter((name) => !/\.m?[jt]s$/.test(name))).toEqual([]);
  });
});

describe('a module that is wrong is refused with the place', () => {
  it.each<[string, string[], string, number, number, string]>([
    [
      'that is no TypeScript',
      ['const a: number = 1;', 'export default {', '  create( {', '};'],
      'Expected',
      4,
      2,
      '};',
    ],
    [
      'that imports what a file has not',
      ["import { spek } from './spec.ts';", 'export default spek;'],
      'No matching export in "spec.ts"',
      1,
      10,
      "import { spek } from './spec.ts';",
    ],
    [
      'that imports a package that is not there',
      ["import 'no-such-package';"],
      'Could not resolve "no-such-package"',
      1,
      8,
      "import 'no-such-package';",
    ],
    [
      'that throws',
      ['type A = 1;', "const a = 'x' as string;", '', "if (a === 'x') throw new TypeError('not today');"],
      'TypeError: not today',
      4,
      22,
      "if (a === 'x') throw new TypeError('not today');",
    ],
  ])('%s', async (name, lines, says, line, column, text) => {
    write('spec.ts', ['export const spec = 1;']);
    const path = write(`${name.replaceAll(' ', '-')}.ts`, lines);
    const { message, place } = await refusal(path);
    expect(place).toEqual({ file: path, line, column, text });
    expect(message).toContain(`driver module ${path}:${line}:${column}: ${says}`);
  });

  it('in a file that it imports', async () => {
    const helper = write('throws.ts', [
      '',
      '  export const a: never = boom();',
      "function boom(): never { throw new Error('boom'); }",
    ]);
    const path = write('imports.ts', ["import { a } from './throws.ts';", 'export default a;']);
    const { message, place } = await refusal(path);
    expect(place).toMatchObject({ file: helper, line: 3, column: 32 });
    expect(message).toBe(`driver module ${path}: ${helper}:3:32: boom`);
  });

  it('without one, where what is thrown is no error', async () => {
    const path = write('null.ts', ['throw null;']);
    expect(await refusal(path)).toMatchObject({
      message: `driver module ${path}: it throws null`,
      place: undefined,
    });
  });

  it('without a default export, and says what it must be', async () => {
    const { message } = await refusal(write('named.ts', ['export const driver = {};']));
    expect(message).toContain('its default export must be a driver definition: name, version, device');
    expect(message).toContain('create; it exports driver alone');
  });
});

describe.each(['nic', 'nvme'] as const)('a field of a driver of %s that is wrong is named', (device) => {
  const planned = device === 'nic' ? 'RING_PARAMETERS' : 'QUEUE_PARAMETERS';
  const parameter = (change: string) =>
    `[{ name: 'p', description: '', unit: 'x', min: 1, max: 2, default: 1, ${change} }, ...${planned}]`;
  it.each<[string, string | undefined, string]>([
    ['name', '5', '`name` is a number, a string was wanted'],
    ['version', undefined, '`version` is missing, a string was wanted'],
    ['device', "'gpu'", '`device` is "gpu", one of "nic", "nvme" was wanted'],
    ['exports', "'ringswap.nvme.2'", '`exports` is a string, a list was wanted'],
    ['converters', "[{ from: 'a', to: 'b' }]", '`converters[0].convert` is missing, a function was wanted'],
    ['imports', "['a', null]", '`imports[1]` is null, a string was wanted'],
    ['parameters', '{}', '`parameters` is an object, a list was wanted'],
    ['parameters', parameter("min: '1'"), '`parameters[0].min` is a string, a number was wanted'],
    ['parameters', parameter('default: NaN'), '`parameters[0].default` is NaN, a number was wanted'],
    [
      'parameters',
      parameter('geometry: 1'),
      '`parameters[0].geometry` is a number, true or false was wanted',
    ],
    ['parameters', `[5, ...${planned}]`, '`parameters[0]` is a number, an object was wanted'],
    ['create', 'true', '`create` is true, a function was wanted'],
  ])('%s: %s', async (field, text, says) => {
    const path = write(`field-${device}.ts`, definition(device, { [field]: text }));
    const { message, place } = await refusal(path);
    expect(message.split(': ').slice(1).join(': ')).toBe(says);
    // The line of the field, or that of the whole where it is not there.
    expect(place?.text).toMatch(text === undefined ? /^export default/ : new RegExp(`^  ${field}: `));
  });

  it('with all others that are wrong too', async () => {
    const path = write('several.ts', definition(device, { name: '1', version: '2', create: '3' }));
    const { message } = await refusal(path);
    expect(message).toMatch(/`name` is a number, a string was wanted; also wrong: `version`, `create`$/);
  });

  it('where a parameter is not there that plans of swaps read', async () => {
    const path = write('unplanned.ts', definition(device, { parameters: `${planned}.slice(0, 0)` }));
    const { message } = await refusal(path);
    expect(message).toContain(
      `\`parameters\` has no ${device === 'nic' ? 'rxRing, no rxBuffers' : 'queueDepth'}`,
    );
    expect(message).toContain(`${planned} of ringswap has it`);
  });
});

it('what create returns must have the calls of a driver, and the first that it has not is named', async () => {
  const path = write(
    'methods.ts',
    definition('nvme', { create: '() => ({ *start() {}, *stop() {}, poll: 5 })' }),
  );
  const made = await load(path);
  if (made.device !== 'nvme') throw new Error(`${basename(path)} drives no disk`);
  const create = made.create as (...given: unknown[]) => unknown;
  expect(() => create({}, {})).toThrow(
    'create of driver mine makes no driver: `exportState` is missing, a function was wanted',
  );
});

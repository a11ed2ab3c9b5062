import { CommanderError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { program } from '../../src/cli/program.ts';

afterEach(() => vi.restoreAllMocks());

/** What a command line that commander itself answers prints, and where. */
async function answer(...argv: string[]): Promise<{ out: string; err: string; status: number }> {
  const printed = { out: '', err: '', status: 0 };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text);
    return true;
  });
  try {
    await program().parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    printed.status = error.exitCode;
  }
  return printed;
}

describe('the command line', () => {
  it.each([
    [['rum'], "ringswap: unknown command 'rum' (did you mean run?)\n"],
    [['run', '--framse', '5'], "ringswap: unknown option '--framse' (did you mean --frames?)\n"],
    [['run', '--frames'], "ringswap: option '--frames <n>' argument missing\n"],
    [['inspect'], "ringswap: missing required argument 'file'\n"],
  ])('answers %j with one line', async (argv, message) => {
    expect(await answer(...argv)).toEqual({ out: '', err: message, status: 1 });
  });

  it('explains every option of run', async () => {
    const { out, status } = await answer('run', '--help');
    expect(status).toBe(0);
    for (const word of ['1 to 8', '64 to 9216', 'powers of 1024', 'recorded*F', 'Exit status', 'Examples']) {
      expect(out).toContain(word);
    }
  });

  it.each(['run', 'plan', 'validate', 'conform', 'bench', 'list', 'inspect'])(
    'helps with %s',
    async (command) => {
      const { out } = await answer(command, '--help');
      expect(out).toContain(`Usage: ringswap ${command}`);
      expect(out).toContain('-h, --help');
    },
  );

  it('lists what there is, for people and as JSON', async () => {
    expect((await answer('list')).out).toMatch(
      /^Devices\n(.*\n)+Drivers\n(.*\n)+Applications\n(.*\n)+Formats\n/m,
    );
    const list: unknown = JSON.parse((await answer('list', '--json')).out);
    expect(list).toHaveProperty('drivers');
  });
});

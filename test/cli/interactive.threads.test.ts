/** `run --interactive` as it is typed: through a pipe, and on a terminal. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cardOf } from '../../src/testbed/index.ts';
import { ringswap, root } from './command.ts';
import { reportIn } from './reported.ts';

const ESCAPE = '\u001b';
const RUN = ['run', '--interactive', '--size', '64'];

function typed(...lines: string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Lines that were too long for the screen, whole again. */
function unwrapped(lines: readonly string[]): string {
  return lines.join('\n').replaceAll(/\n +(?![ |\d])/g, ' ');
}

/** The lines before the report. */
function replies(stdout: string): string[] {
  return stdout
    .slice(0, stdout.search(/^(PASS|FAIL) /m))
    .split('\n')
    .slice(0, -1);
}

describe('through a pipe', () => {
  it('each command is done in its order, and at their end a run without its own end is ended', async () => {
    const machine = ['--nic', 'eth0,app=echo', '--disk', 'nvme0,size=4M'];
    const input = typed(
      'swap eth0 polling rxBuffers=256',
      'swap nvme0 buffered',
      '',
      'swap eth0 poling',
      'status',
    );
    const { status, stdout, stderr } = await ringswap([...RUN, ...machine], { input });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const told = replies(stdout);
    expect(told[0]).toBe('swap 1 on eth0, interrupt → polling, done');
    expect(told[1]).toMatch(/^ {2}critical section [\d.]+ [mu]s, stall [\d.]+ [mu]s$/);
    expect(told[2]).toBe('swap 2 on nvme0, interrupt → buffered, done');
    expect(told[4]).toBe('swap 3 on eth0, polling → poling, refused in negotiate');
    expect(told[5]).toBe('  there is no driver poling; there are interrupt, polling, batching');
    expect(told[6]).toMatch(/^[\d.]+ m?s, 2 swaps$/);
    expect(told[7]).toMatch(/^eth0 {3}polling rxRing=512 rxBuffers=256 /);
    expect(told.at(-1)).not.toBe('');
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).not.toContain('ringswap>');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toContain('\nSwaps, 2 done of 3 scheduled');
    expect(stdout).not.toContain('ended early');
    expect(stdout.split('\n').at(-2)).toMatch(/^PASS .* 2 swaps, no violation$/);
  });

  it('a CPU that is ended is told of as ended on request, with who took over', async () => {
    const input = typed('kill', 'handover', 'status');
    const { status, stdout } = await ringswap([...RUN, '--standby'], { input });
    expect(status).toBe(0);
    const told = replies(stdout);
    expect(told.slice(0, 4)).toEqual([
      'CPU 0 ended on request, CPU 1 took over',
      expect.stringMatching(/^ {2}[\d.]+ m?s to its first frame or request$/),
      expect.stringMatching(
        /^ {2}of that [\d.]+ [mu]?s since CPU 0 was seen to have ended, adoption [\d.]+ [mu]?s$/,
      ),
      'CPU 1 → CPU 0, done',
    ]);
    expect(stdout).toMatch(/^Changes of CPU, 1 handover, 1 after a CPU that ended$/m);
    expect(stdout).toContain('CPU 0 ended on request');
    expect(stdout.split('\n').at(-2)).toMatch(/^PASS .*, no violation$/);
  });

  it('a run goes on to its end after its commands', async () => {
    const { status, stdout } = await ringswap([...RUN, '--frames', '50000', '--json', '-'], {
      input: typed('status'),
    });
    expect(status).toBe(0);
    expect(cardOf(reportIn(stdout), 'eth0').delivered).toBe(50_000);
  });

  it('a run that has come to its end does not wait for further input', async () => {
    const flags = [...RUN, '--frames', '5000', '--quiet'];
    const child = spawn(process.execPath, ['dist/cli.js', ...flags], { cwd: root });
    await once(child, 'exit'); // its standard input is still open
    expect(child.exitCode).toBe(0);
  });

  it('quit ends it at once, whatever comes behind', async () => {
    const input = typed('quit', 'swap eth0 polling');
    const { status, stdout } = await ringswap([...RUN, '--duration', '60m', '--quiet'], { input });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^PASS {2}[\d,]+ frames, 0 swaps, no violation\n$/);
  });

  it('mistyped commands say what to type, and the next ones are done', async () => {
    const input = typed(
      'swop eth0 polling',
      'swap eth1 polling',
      'swap eth0 polling burst=0',
      'help',
      'swap eth0 polling',
    );
    const { status, stdout } = await ringswap(RUN, { input });
    expect(status).toBe(0);
    const told = unwrapped(replies(stdout));
    expect(told).toContain(
      'there is no command swop (did you mean "swap"?); type swap, upgrade, handover, kill, status, help, quit',
    );
    expect(told).toContain('there is no device eth1 (did you mean "eth0"?); there are eth0');
    expect(told).toContain('burst=0 does not fit driver polling');
    expect(told).toContain('swap DEVICE DRIVER [key=value ...]');
    expect(told).toContain('swap 1 on eth0, interrupt → polling, done');
  });

  it('files are swapped in, upgraded to, and refused with the line that is wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringswap-typed-'));
    try {
      const wrong = join(folder, 'wrong.mjs');
      writeFileSync(wrong, 'export default {\n  name: 5,\n};\n');
      const input = typed(
        'swap eth0 docs/examples/first-driver.mjs gapUs=8',
        `swap eth0 ${wrong}`,
        'upgrade round-robin docs/examples/lazy-polling.mjs all-or-none',
        'upgrade round-robin docs/examples/lazy-polling.mjs',
      );
      const { status, stdout } = await ringswap(RUN, { input });
      expect(status).toBe(0);
      const told = replies(stdout);
      expect(told[0]).toBe('swap 1 on eth0, interrupt → round-robin, done');
      expect(told).toContain('     2 |   name: 5,');
      expect(told).toContain('swap 2 on eth0, round-robin → lazy-polling, done');
      expect(told).toContain('upgrade to lazy-polling, done on 1 device');
      const text = unwrapped(told);
      expect(text).toContain('`name` is a number, a string was wanted');
      expect(text).toContain('round-robin: it drives nothing; driven are card eth0 by lazy-polling');
      expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a run that fails says so by its status', async () => {
    const driver = ['--driver', 'test/exec/drivers/flips.mjs:oneIn=1000'];
    const { status, stdout } = await ringswap([...RUN, ...driver, '--frames', '5000', '--quiet'], {
      input: '',
    });
    expect({ status, verdict: stdout.slice(0, 4) }).toEqual({ status: 1, verdict: 'FAIL' });
  });
});

/** Types each text when the terminal shows what it waits for, and returns all that was shown. */
async function onTerminal(
  flags: string,
  script: readonly (readonly [shown: RegExp, type: string])[],
  before = 'exec',
) {
  const command = `stty cols 60; ${before} ${process.execPath} dist/cli.js run --interactive ${flags}`;
  const env = { PATH: process.env.PATH ?? '', TERM: 'xterm', NO_COLOR: '1' };
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: root, env });
  const left = [...script];
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    for (let [next] = left; next !== undefined; [next] = left) {
      const match = next[0].exec(shown.slice(seen));
      if (match === null) return;
      seen += match.index + match[0].length;
      left.shift();
      child.stdin.write(next[1]);
    }
  });
  await once(child, 'close');
  return { shown, left, status: child.exitCode };
}

describe.runIf(spawnSync('script', ['--version']).status === 0)('on a terminal', () => {
  it('words are completed, and lines are remembered', async () => {
    const { shown, left, status } = await onTerminal('--size 64', [
      [/ringswap> /, 'sw\t'],
      [/swap /, 'e\t'],
      [/eth0 /, 'p\t'],
      [/polling /, 'rxB\t'],
      [/rxBuffers=/, '256\r'],
      [/swap 1 on eth0, interrupt → polling, done/, ''],
      [/ringswap> /, `${ESCAPE}[A`],
      [/swap eth0 polling rxBuffers=256/, '\r'],
      [/swap 2 on eth0, polling → polling, done/, ''],
      [/ringswap> /, 'quit\r'],
    ]);
    expect({ left, status }).toEqual({ left: [], status: 0 });
    expect(shown).toMatch(/\nPASS .*2 swaps, no\s+violation/);
  });

  it('what comes through a pipe is not shown there, nor a prompt', async () => {
    const { shown, status } = await onTerminal('--size 64 --quiet', [], "printf 'swop\\nstatus\\n' |");
    expect(status).toBe(0);
    expect(shown.split('\r\n').slice(0, 2)).toEqual([
      'there is no command swop (did you mean "swap"?); type swap,',
      '  upgrade, handover, kill, status, help, quit',
    ]);
    expect(shown).not.toContain('ringswap>');
  });

  it('Ctrl-C ends the run with its report', async () => {
    const { shown, left, status } = await onTerminal('--size 64', [
      [/ringswap> /, 'status\r'],
      [/0 swaps[\s\S]*ringswap> /, '\u0003'],
    ]);
    expect({ left, status }).toEqual({ left: [], status: 0 });
    expect(shown).toContain('Ending the run; a second signal ends it without a report.');
    expect(shown).toMatch(/\nPASS /);
  });

  it('a run that ends by itself leaves the prompt', async () => {
    const { shown, left, status } = await onTerminal('--size 64 --frames 3M --quiet', [
      [/ringswap> /, 'sta'],
    ]);
    expect({ left, status }).toEqual({ left: [], status: 0 });
    expect(shown).toMatch(/\nPASS {2}3,000,000 frames/);
  });
});

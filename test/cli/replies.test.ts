/** What is said to typed commands, also where a terminal is narrow. */
import { describe, expect, it } from 'vitest';
import {
  renderCommands,
  renderHandover,
  renderMistake,
  renderRecovery,
  renderStatus,
  renderSwap,
  renderUnasked,
  renderUpgrade,
} from '../../src/cli/interactive/replies.ts';
import { screen } from '../../src/cli/screen.ts';
import {
  type RecoveryEvent,
  type RunStatus,
  type SwapResult,
  type UpgradeResult,
  UsageError,
} from '../../src/testbed/index.ts';

const SWAP: SwapResult = {
  ...{ swap: 12, device: 'eth0', from: 'interrupt', to: 'polling', method: 'inplace' },
  ...{ outcome: 'done', phase: 'retire', reason: '', tookUs: 1803 },
  ...{ criticalSectionUs: 1.352, stallUs: 105.3, phasesUs: { quiesce: 0.2 }, notes: [] },
};
const STATUS: RunStatus = {
  elapsedMs: 12_300,
  swaps: 3,
  devices: {
    eth0: {
      ...{ kind: 'card', driver: 'polling', parameters: { rxRing: 512, rxBuffers: 256 } },
      ...{ offered: 1_234_567, delivered: 1_234_000, dropped: 0, mpps: 1.523 },
    },
    nvme0: {
      ...{ kind: 'disk', driver: 'interrupt', parameters: { queueDepth: 128 } },
      ...{ submitted: 104_096, completed: 104_090, iops: 76_812 },
    },
  },
};

describe('a swap', () => {
  it.each<[Partial<SwapResult>, string]>([
    [{}, 'swap 12 on eth0, interrupt → polling, done\n  critical section 1.35 us, stall 105 us\n'],
    [
      { outcome: 'refused', phase: 'negotiate', reason: 'there is no driver x' },
      'swap 12 on eth0, interrupt → polling, refused in negotiate\n  there is no driver x\n',
    ],
    [
      { outcome: 'rolledBack', phase: 'probation', reason: 'it threw' },
      'swap 12 on eth0, interrupt → polling, rolled back in probation\n  it threw\n',
    ],
    [
      { swap: 0, outcome: 'cutOff', phase: 'negotiate', reason: 'the run ended before it did' },
      'swap on eth0, interrupt → polling, cut off\n  the run ended before it did\n',
    ],
    [
      { outcome: 'refused', phase: 'prepare', reason: 'no memory', notes: ['of what would have been'] },
      'swap 12 on eth0, interrupt → polling, refused in prepare\n  no memory\n',
    ],
    [
      { notes: ['queue 0 keeps its ring'] },
      'swap 12 on eth0, interrupt → polling, done\n  critical section 1.35 us, stall 105 us\n  queue 0 keeps its ring\n',
    ],
  ])('%j is told in a few lines', (part, told) =>
    expect(renderSwap({ ...SWAP, ...part }, screen(110))).toBe(told),
  );
});

describe('an upgrade', () => {
  const swap = (device: string, outcome: 'done' | 'refused' = 'done'): SwapResult => ({
    ...{ ...SWAP, device, outcome },
    ...(outcome === 'done' ? {} : { phase: 'prepare', reason: 'not this one' }),
  });
  it.each<[string, UpgradeResult, string[]]>([
    [
      'that is done',
      { to: 'mine#2', outcome: 'done', swaps: [swap('eth0'), swap('eth1')], takenBack: [] },
      ['upgrade to mine#2, done on 2 devices'],
    ],
    [
      'that is done in part',
      { to: 'mine#2', outcome: 'some', swaps: [swap('eth0'), swap('eth1', 'refused')], takenBack: [] },
      ['upgrade to mine#2, done on 1 of 2 devices'],
    ],
    [
      'that is taken back',
      {
        ...{ to: 'mine#2', outcome: 'takenBack' },
        ...{ swaps: [swap('eth0'), swap('eth1', 'refused')], takenBack: [swap('eth0')] },
      },
      ['upgrade to mine#2, taken back'],
    ],
    [
      'that cannot be taken back',
      {
        ...{ to: 'mine#2', outcome: 'takenBack' },
        ...{ swaps: [swap('eth0'), swap('eth1', 'refused')], takenBack: [swap('eth0', 'refused')] },
      },
      ['upgrade to mine#2, taken back, but 1 device could not go back'],
    ],
  ])('%s is told by its swaps, then in a line', (_, result, last) => {
    const told = renderUpgrade(result, screen(110));
    const swaps = [...result.swaps, ...result.takenBack].map((one) => renderSwap(one, screen(110)));
    expect(told).toBe(`${swaps.join('')}${last.join('\n')}\n`);
  });
});

describe('a change of CPU', () => {
  const handover = { from: 0, to: 1, pauseUs: 7012, adoptionUs: 5600 };
  const recovery: RecoveryEvent = {
    ...{ kind: 'recovery', atMs: 86.1, handover, tookUs: 9131 },
    ...{ cause: 'killed', reason: 'it was ended on request', resets: [] },
  };

  it('that was asked for is told with its pause', () => {
    expect(renderHandover(handover, screen(110))).toBe(
      'CPU 0 → CPU 1, done\n  pause 7.01 ms, adoption 5.60 ms\n',
    );
  });

  it('after a kill is told as what was asked for: who took over, and how long it took', () => {
    expect(renderRecovery(recovery, screen(110))).toBe(
      `${[
        'CPU 0 ended on request, CPU 1 took over',
        '  9.13 ms to its first frame or request',
        '  of that 7.01 ms since CPU 0 was seen to have ended, adoption 5.60 ms',
      ].join('\n')}\n`,
    );
  });

  it('that found a state block spoilt names the device that it has reset', () => {
    const resets = [{ device: 'eth0', reason: 'state block refused: no magic number' }];
    expect(
      renderRecovery({ ...recovery, resets }, screen(110))
        .split('\n')
        .at(-2),
    ).toBe('  eth0 was reset: state block refused: no magic number');
  });

  it('that nobody asked for is told by itself, and so is a driver that goes back', () => {
    expect(renderUnasked(recovery, screen(110))).toBeUndefined();
    expect(renderUnasked({ kind: 'handover', atMs: 1, handover }, screen(110))).toBeUndefined();
    const failed: RecoveryEvent = { ...recovery, cause: 'failure', reason: 'gone bad' };
    expect(renderUnasked(failed, screen(110))).toBe(renderRecovery(failed, screen(110)));
    const back = { device: 'eth0', from: 'mine', to: 'polling', reason: 'gone bad' };
    expect(renderUnasked({ kind: 'return', atMs: 1, ...back }, screen(110))).toBe(
      'eth0 went back, mine → polling: mine had ended the CPU too often\n',
    );
  });

  it('after anything else is told with the reason, also where the terminal is narrow', () => {
    const told = renderRecovery({ ...recovery, cause: 'failure', reason: 'gone bad' }, screen(40));
    expect(told).toMatch(/^CPU 0 ended: gone bad, CPU 1 took over\n/);
    for (const line of told.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('the status', () => {
  it('has who drives what, and what was served', () => {
    expect(renderStatus(STATUS, screen(110))).toBe(
      `${[
        '12.3 s, 3 swaps',
        'eth0   polling rxRing=512 rxBuffers=256, 1.52 Mpps, 1,234,567 offered, 1,234,000 delivered, 0 dropped',
        'nvme0  interrupt queueDepth=128, 76.8 thousand IOPS, 104,096 submitted, 104,090 completed',
      ].join('\n')}\n`,
    );
  });
});

describe('all replies', () => {
  it.each([40, 50, 80, 110])('fit into %i columns', (columns) => {
    const note = 'queue 0 keeps its ring of 512 for frames without an RSS hash: no filter reaches them all';
    const replies = [
      renderSwap({ ...SWAP, notes: [note] }, screen(columns)),
      renderStatus(STATUS, screen(columns)),
      renderCommands(screen(columns)),
      renderMistake(
        new UsageError(`there is no command ${'x'.repeat(60)}; type swap, status, help, quit`),
        screen(columns),
      ),
    ];
    for (const reply of replies) {
      expect(reply.endsWith('\n')).toBe(true);
      for (const line of reply.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });
});

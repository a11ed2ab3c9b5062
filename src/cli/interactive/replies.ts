/** What is said to typed commands: few lines, that fit. */
import type {
  DeviceStatus,
  HandoverResult,
  RecoveryEvent,
  RunEvent,
  RunStatus,
  SwapResult,
  UpgradeResult,
  UsageError,
} from '../../testbed/index.ts';
import { excerpt } from '../excerpt.ts';
import { counted, digits, grouped, timeSpan } from '../format.ts';
import type { Screen } from '../screen.ts';
import { facts, indent, wrap } from '../text.ts';
import { COMMANDS } from './typed.ts';

export function renderSwap(result: SwapResult, { columns, colors }: Screen): string {
  const { swap, device, from, to, outcome, phase, reason, notes } = result;
  const number = swap === 0 ? 'swap' : `swap ${swap}`;
  const ended = {
    done: colors.green('done'),
    refused: colors.yellow(`refused in ${phase}`),
    rolledBack: colors.yellow(`rolled back in ${phase}`),
    cutOff: colors.yellow('cut off'),
  }[outcome];
  const times = `critical section ${timeSpan(result.criticalSectionUs / 1000)}, stall ${timeSpan(result.stallUs / 1000)}`;
  const details = outcome === 'done' ? [times, ...notes] : [reason];
  const lines = [
    ...wrap(`${number} on ${device}, ${from} → ${to}, ${ended}`, columns, 2),
    ...details.flatMap((detail) => indent(wrap(detail, columns - 2))),
  ];
  return `${lines.join('\n')}\n`;
}

export function renderHandover(
  { from, to, pauseUs, adoptionUs }: HandoverResult,
  { columns, colors }: Screen,
): string {
  const lines = [
    ...wrap(`CPU ${from} → CPU ${to}, ${colors.green('done')}`, columns, 2),
    ...indent(
      wrap(`pause ${timeSpan(pauseUs / 1000)}, adoption ${timeSpan(adoptionUs / 1000)}`, columns - 2),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

export function renderRecovery(event: RecoveryEvent, { columns, colors }: Screen): string {
  const { handover, cause, reason, tookUs, resets } = event;
  const { from, to, pauseUs, adoptionUs } = handover;
  const ended = cause === 'killed' ? 'ended on request' : `ended: ${reason}`;
  const times = [
    `${timeSpan(tookUs / 1000)} to its first frame or request`,
    `of that ${timeSpan(pauseUs / 1000)} since CPU ${from} was seen to have ended, adoption ${timeSpan(adoptionUs / 1000)}`,
  ];
  const anew = resets.map(({ device, reason: doubt }) => `${device} was reset: ${doubt}`);
  const lines = [
    ...wrap(`CPU ${from} ${ended}, CPU ${to} ${colors.green('took over')}`, columns, 2),
    ...[...times, ...anew].flatMap((line) => indent(wrap(line, columns - 2, 2))),
  ];
  return `${lines.join('\n')}\n`;
}

/** A CPU that has ended, which nobody had typed; undefined of all that is an answer, or of no concern. */
export function renderUnasked(event: RunEvent, screen: Screen): string | undefined {
  if (event.kind === 'recovery' && event.cause !== 'killed') return renderRecovery(event, screen);
  if (event.kind !== 'return') return undefined;
  const { device, from, to } = event;
  const back = `${device} went back, ${from} → ${to}: ${from} had ended the CPU too often`;
  return `${wrap(back, screen.columns, 2).join('\n')}\n`;
}

export function renderUpgrade(result: UpgradeResult, screen: Screen): string {
  const { to, outcome, swaps, takenBack } = result;
  const { columns, colors } = screen;
  const all = counted(swaps.length, 'device');
  const done = swaps.filter((swap) => swap.outcome === 'done').length;
  const stayed = takenBack.filter((swap) => swap.outcome !== 'done').length;
  const ended = {
    done: colors.green(`done on ${all}`),
    some: colors.yellow(`done on ${done} of ${all}`),
    takenBack:
      stayed === 0
        ? colors.yellow('taken back')
        : colors.red(`taken back, but ${counted(stayed, 'device')} could not go back`),
  }[outcome];
  const last = wrap(`upgrade to ${to}, ${ended}`, columns, 2);
  return `${[...swaps, ...takenBack].map((swap) => renderSwap(swap, screen)).join('')}${last.join('\n')}\n`;
}

export function renderStatus({ elapsedMs, swaps, devices }: RunStatus, { columns }: Screen): string {
  const lines = [
    `${timeSpan(elapsedMs)}, ${counted(swaps, 'swap')}`,
    ...facts(
      Object.entries(devices).map(([name, device]) => [name, statusOf(device)]),
      columns,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function statusOf(device: DeviceStatus): string {
  const parameters = Object.entries(device.parameters).map(([name, value]) => `${name}=${value}`);
  return [[device.driver, ...parameters].join(' '), ...servedBy(device)].join(', ');
}

function servedBy(device: DeviceStatus): string[] {
  if (device.kind === 'disk')
    return [
      `${digits(device.iops / 1000)} thousand IOPS`,
      `${grouped(device.submitted)} submitted`,
      `${grouped(device.completed)} completed`,
    ];
  return [
    `${digits(device.mpps)} Mpps`,
    `${grouped(device.offered)} offered`,
    `${grouped(device.delivered)} delivered`,
    `${grouped(device.dropped)} dropped`,
  ];
}

export function renderCommands({ columns }: Screen): string {
  const lines = Object.values(COMMANDS).flatMap(({ form, does }) => [
    form,
    ...indent(wrap(does, columns - 2)),
  ]);
  return `${lines.join('\n')}\n`;
}

export function renderMistake({ message, place }: UsageError, screen: Screen): string {
  const { columns, colors } = screen;
  const lines = wrap(message, columns, 2).map((line) => colors.yellow(line));
  return `${lines.join('\n')}\n${place === undefined ? '' : excerpt(place, screen)}`;
}

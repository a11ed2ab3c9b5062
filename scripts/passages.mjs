/**
 * A long run: the serving CPU is ended, or hands its devices over, at random moments under load, again and again, on machines of all
 * kinds. The ledger of each machine is to be clean. `node scripts/passages.mjs [--kills N] [--handovers N] [--seed N] [--each N]`
 */
import { parseArgs } from 'node:util';
import { Testbed } from 'ringswap';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '0' },
    handovers: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    /** Passages of one machine. */
    each: { type: 'string', default: '25' },
  },
});
/** Frames between two passages, at the most. */
const MOST_FRAMES = 20_000;
const DRIVERS = ['interrupt', 'polling', 'batching'];
const DISK_DRIVERS = [...DRIVERS, 'buffered'];
const APPS = ['sink', 'echo', 'forward'];

/** xorshift. */
let state = Number(values.seed) * 2654435761 || 1;
/** @param {number} limit */
function below(limit) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

/** @template T @param {readonly T[]} list */
const pick = (list) => list[below(list.length)];

/** @returns {import('../src/testbed/index.ts').Scenario} */
function drawMachine() {
  const app = pick(APPS);
  const queues = pick([1, 1, 2, 4]);
  const nics = ['eth0', 'eth1'].map((name) => ({ name, app, queues, driver: { name: pick(DRIVERS) } }));
  const swaps = pick([undefined, undefined, '5ms']);
  const disk = {
    name: 'nvme0',
    size: '4M',
    cache: '256K',
    queues: pick([1, 2]),
    driver: { name: pick(DISK_DRIVERS) },
  };
  const disks = below(4) === 0 ? {} : { disks: [disk] };
  return {
    size: pick([64, 64, 512, 1518]),
    standby: true,
    seed: below(1e9),
    nics: app === 'forward' ? nics : nics.slice(0, pick([1, 2])),
    ...disks,
    ...(swaps === undefined ? {} : { swapEvery: { interval: swaps } }),
  };
}

/** @param {import('../src/testbed/index.ts').RunningMachine} running */
function delivered(running) {
  let sum = 0;
  for (const device of Object.values(running.status().devices))
    sum += device.kind === 'card' ? device.delivered : device.completed;
  return sum;
}

/** @param {import('../src/testbed/index.ts').RunningMachine} running @param {number} frames */
async function served(running, frames) {
  const enough = delivered(running) + frames;
  let over = false;
  running.finished.then(
    () => (over = true),
    () => (over = true),
  );
  while (delivered(running) < enough && !over) await new Promise((resolve) => setImmediate(resolve));
  if (over) await running.finished;
  // And some microseconds more: a moment of no kind.
  const until = process.hrtime.bigint() + BigInt(below(200_000));
  while (process.hrtime.bigint() < until);
}

/** @param {'kill' | 'handOver'} way @param {number} times */
async function machine(way, times) {
  const scenario = drawMachine();
  const running = await new Testbed(scenario).start();
  /** @type {number[]} */
  const pauses = [];
  /** @type {number[]} */
  const deaths = [];
  /** @type {number[]} */
  const practised = [];
  const events = running.events();
  for (let i = 0; i < times; i++) {
    await served(running, 1 + below(MOST_FRAMES));
    if (way === 'handOver') {
      pauses.push((await running.handOver()).pauseUs);
      continue;
    }
    // Mostly when another CPU stands by again, and now and then when that one has practised, which a handover waits for; or in the middle of it.
    const ready = below(8) > 0;
    const handsOver = below(12);
    if (ready) {
      await running.standsBy();
      if (handsOver === 0) await running.handOver();
      if (handsOver === 1) running.handOver().catch(() => undefined); // whoever leaves or comes may be the one that is ended
      await served(running, 1 + below(MOST_FRAMES));
    }
    const { elapsedMs } = running.status();
    await running.killCpu();
    for (;;) {
      const { value, done } = await events.next();
      if (done) throw new Error(`the run has ended: ${JSON.stringify(scenario)}`);
      if (value.kind !== 'recovery') continue;
      pauses.push(value.handover.pauseUs);
      const deathUs = (value.atMs - elapsedMs) * 1000;
      deaths.push(deathUs);
      if (ready && handsOver === 0) practised.push(deathUs);
      break;
    }
  }
  await events.return?.();
  const report = await running.stop();
  if (report.verdict !== 'pass')
    console.log('FAIL', JSON.stringify(scenario), JSON.stringify(report.violations.slice(0, 3)));
  return {
    pauses,
    deaths,
    practised,
    passed: report.verdict === 'pass',
    withDisk: scenario.disks !== undefined,
  };
}

/** @param {number[]} all */
function quantiles(all) {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (/** @type {number} */ part) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} us`;
}

/** @param {'kill' | 'handOver'} way @param {number} wanted @param {number} each */
async function run(way, wanted, each) {
  const began = Date.now();
  /** @type {number[]} */
  const pauses = [];
  /** @type {number[]} */
  const deaths = [];
  /** @type {number[]} */
  const practised = [];
  let machines = 0;
  let passed = 0;
  let withDisk = 0;
  for (; pauses.length < wanted; machines++) {
    const one = await machine(way, Math.min(each, wanted - pauses.length));
    pauses.push(...one.pauses);
    deaths.push(...one.deaths);
    practised.push(...one.practised);
    if (one.passed) passed++;
    if (one.withDisk) withDisk++;
    console.log(`${pauses.length} of ${wanted}, pause ${quantiles(one.pauses)}`);
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(
    `${way}: ${pauses.length} on ${machines} machines, ${withDisk} of them with a disk too, ${passed} with a clean ledger, ${seconds} s; pause ${quantiles(pauses)}`,
  );
  if (deaths.length > 0) console.log(`from the order to end it: ${quantiles(deaths)}`);
  if (practised.length > 0)
    console.log(`the same, ${practised.length} times with a CPU that had practised: ${quantiles(practised)}`);
  console.log(JSON.stringify({ way, pauses, deaths, practised }));
  if (passed < machines) process.exitCode = 1;
}

const each = Number(values.each);
if (values.kills !== '0') await run('kill', Number(values.kills), each);
if (values.handovers !== '0') await run('handOver', Number(values.handovers), each);

/** Applications by name and by the path of a module, and what a card that has one returns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openApplications } from '../../src/testbed/applications.ts';
import { buildMachine } from '../../src/testbed/build.ts';
import { openDrivers } from '../../src/testbed/drivers.ts';
import { UsageError } from '../../src/testbed/errors.ts';
import { type ResolvedRun, resolveRun } from '../../src/testbed/resolve.ts';
import type { Scenario } from '../../src/testbed/scenario.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-applications-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A module whose application has this name; it is loaded, never run. */
function application(name: string, sends: string, file = `${name}.mjs`): string {
  const path = join(folder, file);
  writeFileSync(
    path,
    `export default { name: '${name}', description: '', sends: '${sends}', create: () => ({}) };`,
  );
  return path;
}

const QUIET = application('quiet', 'nothing');
const MIRROR = application('mirror', 'back');
const RELAY = application('relay', 'on');

async function resolved(scenario: Scenario): Promise<ResolvedRun> {
  return resolveRun(scenario, {
    drivers: await openDrivers(scenario),
    applications: await openApplications(scenario),
  });
}

const cards = (...apps: string[]) => apps.map((app, i) => ({ name: `eth${i}`, app }));
const names = ({ cards: all }: ResolvedRun) => all.map((card) => card.application.name);

describe('an application', () => {
  it('is sink where none is named', async () => {
    expect(names(await resolved({}))).toEqual(['sink']);
  });

  it('is found by its name or the path of its module, of the run or of one card', async () => {
    const nics = [{ name: 'eth0' }, ...cards('-', MIRROR, 'echo').slice(1)];
    expect(names(await resolved({ app: QUIET, nics }))).toEqual(['quiet', 'mirror', 'echo']);
  });

  it('is loaded once, however often and in whatever way its path is given', async () => {
    const nics = [...cards(QUIET, relative('.', QUIET), QUIET)];
    expect(names(await resolved({ app: QUIET, nics }))).toEqual(['quiet', 'quiet', 'quiet']);
    const { modules } = await openApplications({ app: QUIET, nics });
    expect(modules).toMatchObject([{ name: 'quiet', bundle: { file: QUIET } }]);
  });

  it('must not have the name of a built-in one', async () => {
    const path = application('sink', 'nothing');
    const opened = openApplications({ nics: cards(QUIET, path) });
    await expect(opened).rejects.toThrow(
      new UsageError(
        `${path}: there is an application named sink already, a built-in one; give yours another name`,
      ),
    );
  });

  it('has a number behind its name where another file has that name already', async () => {
    const other = application('quiet', 'nothing', 'other.mjs');
    expect(names(await resolved({ nics: cards(QUIET, other) }))).toEqual(['quiet', 'quiet#2']);
  });

  it('that nobody has is refused with its card, and what there is', async () => {
    await expect(resolved({ nics: cards(QUIET, 'quit') })).rejects.toThrow(
      'eth1: there is no application quit (did you mean "quiet"?); choose sink, echo, forward, quiet or the path of a module',
    );
  });
});

describe('what leaves a card', () => {
  it.each<[string, string[], (number | undefined)[]]>([
    ['nothing', [QUIET, 'sink'], [undefined, undefined]],
    ['its own frames', [MIRROR, 'echo'], [0, 1]],
    ["its neighbour's frames", [RELAY, QUIET], [undefined, 0]],
    ["each the other's frames", [RELAY, 'forward'], [1, 0]],
  ])('goes by what is sent: %s', async (_, apps, returns) => {
    const scenario: Scenario = { size: 64, frames: 100, nics: cards(...apps) };
    const { layout } = buildMachine(await resolved(scenario), scenario);
    expect(layout.cards.map((card) => card.returns)).toEqual(returns);
  });

  it.each<[string, Scenario, string]>([
    ['there is no next card', { app: RELAY }, 'eth0: relay sends by the card next to it, and there is none'],
    ['the next card sends back', { nics: cards(RELAY, MIRROR) }, 'eth0 forwards by eth1, which echoes'],
    [
      'the next card has other queues',
      { app: RELAY, nics: [{ name: 'eth0' }, { name: 'eth1', queues: 2 }] },
      'give both the same number of queues',
    ],
  ])('cannot be sent on when %s', async (_, scenario, message) => {
    await expect(resolved(scenario)).rejects.toThrow(UsageError);
    await expect(resolved(scenario)).rejects.toThrow(message);
  });
});

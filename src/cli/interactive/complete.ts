import { pathsFrom } from './paths.ts';
import { COMMAND_NAMES, UPGRADE_WORDS, type Vocabulary, wordsOf } from './typed.ts';

/** What the last word of a line may become, and that word, as node:readline wants it. Whole words have a space behind them. */
export function complete(line: string, words: Vocabulary): [candidates: string[], word: string] {
  const typed = wordsOf(line);
  const word = /\s$/.test(line) ? '' : (typed.pop() ?? '');
  return [candidates(typed, word, words).filter((candidate) => candidate.startsWith(word)), word];
}

/** Behind these words. */
function candidates([command, ...given]: readonly string[], word: string, words: Vocabulary): string[] {
  if (command === undefined) return COMMAND_NAMES.map(whole);
  if (command === 'swap') return ofSwap(given, word, words);
  if (command === 'upgrade') return ofUpgrade(given, word, words);
  return [];
}

function ofUpgrade(
  [driver, file, ...given]: readonly string[],
  word: string,
  { devices }: Vocabulary,
): string[] {
  if (driver === undefined) {
    const names = devices.flatMap(({ drivers }) => drivers.map(({ name }) => name));
    return [...new Set(names)].map(whole);
  }
  if (file === undefined) return pathsFrom(word);
  return UPGRADE_WORDS.filter((how) => !given.includes(how)).map(whole);
}

function ofSwap(
  [device, driver, ...given]: readonly string[],
  word: string,
  { devices, methods }: Vocabulary,
): string[] {
  if (device === undefined) return devices.map(({ name }) => whole(name));
  const drivers = devices.find(({ name }) => name === device)?.drivers ?? [];
  if (driver === undefined) return [...drivers.map(({ name }) => whole(name)), ...pathsFrom(word)];
  const parameters = drivers.find(({ name }) => name === driver)?.parameters ?? [];
  const keys = parameters.map(({ name }) => `${name}=`);
  const all = [...keys, ...methods.map((method) => whole(`method=${method}`))];
  return all.filter((key) => !given.some((pair) => keyOf(pair) === keyOf(key)));
}

function whole(word: string): string {
  return `${word} `;
}

function keyOf(pair: string): string {
  return pair.split('=', 1)[0];
}

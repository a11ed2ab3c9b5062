/** Commands from a terminal or a pipe while a run goes on, one after another. */
import { clearLine, createInterface, cursorTo } from 'node:readline';
import type { RunningMachine } from '../../testbed/index.ts';
import { type Screen, screen, screenOf } from '../screen.ts';
import { answerTo, vocabularyOf } from './answers.ts';
import { complete } from './complete.ts';
import { renderUnasked } from './replies.ts';

const PROMPT = 'ringswap> ';
const LINES_REMEMBERED = 1000;

export interface Streams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Resolves when no more commands come: true if the last one was `quit`, else the input has ended, or the run has. */
export async function takeCommands(running: RunningMachine, { input, output }: Streams): Promise<boolean> {
  const terminal = input.isTTY === true && output.isTTY === true; // of a pipe it is undefined
  const words = vocabularyOf(running);
  const lines = createInterface({
    input,
    output,
    terminal,
    prompt: PROMPT,
    completer: (line: string) => complete(line, words),
    historySize: LINES_REMEMBERED,
    removeHistoryDuplicates: true,
  });
  let open = true;
  lines.on('close', () => {
    open = false;
  });
  // A terminal that is read key by key makes no signal of Ctrl-C.
  lines.on('SIGINT', () => {
    output.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  const prompt = () => {
    if (terminal && open) lines.prompt();
  };
  const look = (): Screen => (terminal ? screenOf(output) : screen(output.columns));
  void tellUnasked(running, look, (text) => {
    if (terminal) {
      clearLine(output, 0);
      cursorTo(output, 0);
    }
    output.write(text);
    if (terminal && open) lines.prompt(true); // with what is typed so far
  });
  const close = () => lines.close();
  running.finished.then(close, close);
  prompt();
  for await (const line of lines) {
    const { text, last } = await answerTo(line, running, look());
    output.write(text);
    if (last) return true;
    prompt();
  }
  if (terminal) output.write('\n'); // behind a prompt that nobody has answered
  return false;
}

/** What happens by itself is told when it happens, until the run ends. */
async function tellUnasked(
  running: RunningMachine,
  look: () => Screen,
  show: (text: string) => void,
): Promise<void> {
  for await (const event of running.events()) {
    const text = renderUnasked(event, look());
    if (text !== undefined) show(text);
  }
}

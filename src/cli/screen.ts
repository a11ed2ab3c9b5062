import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** What a rendering function may know of the terminal. */
export interface Screen {
  readonly columns: number;
  readonly colors: Colors;
}

const COLUMNS_UNKNOWN = 80;
const COLUMNS_LEAST = 40;
/** Longer lines are hard to read. */
const COLUMNS_MOST = 110;

export function screen(columns = COLUMNS_UNKNOWN, colored = false): Screen {
  return {
    columns: Math.max(COLUMNS_LEAST, Math.min(COLUMNS_MOST, columns)),
    colors: picocolors.createColors(colored),
  };
}

/** `isColorSupported` speaks of standard output and of NO_COLOR; a stream that is no terminal gets none. */
export function screenOf(stream: NodeJS.WriteStream): Screen {
  return screen(
    stream.columns || COLUMNS_UNKNOWN, // 0: a terminal that was told no size
    picocolors.isColorSupported && (stream.isTTY || 'FORCE_COLOR' in process.env),
  );
}

/** Where the server listens: a Unix socket, or a TCP port. */
import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/** A Unix socket; or a TCP port, 0 for any that is free, on the loopback interface unless `host` says otherwise. */
export type ListenAddress = { readonly path: string } | { readonly port: number; readonly host?: string };

const LOOPBACK = '127.0.0.1';

/** Length of sun_path, without the NUL at its end. Longer ones are cut off without a word, or refused. */
const MAX_PATH_BYTES = 107;

export type NbdServerErrorCode = 'address-in-use' | 'bad-address' | 'cannot-listen' | 'bad-export';

/** The server cannot be started. The message says why, and what would do. */
export class NbdServerError extends Error {
  override readonly name = 'NbdServerError';
  readonly code: NbdServerErrorCode;

  constructor(code: NbdServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @throws {NbdServerError} The address is taken, or is none. */
export async function listen(server: Server, address: ListenAddress): Promise<void> {
  if ('path' in address) return listenOnPath(server, address.path);
  const { port, host = LOOPBACK } = address;
  try {
    await tryListen(server, { port, host });
  } catch (error) {
    throw cannotListen(error, `${host}:${port}`, 'choose another port, or 0 for any that is free');
  }
}

async function listenOnPath(server: Server, path: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length === 0 || length > MAX_PATH_BYTES)
    throw new NbdServerError(
      'bad-address',
      `socket path ${path}: it has ${length} bytes, and a Unix socket has 1 to ${MAX_PATH_BYTES}; choose a shorter path`,
    );
  try {
    await tryListen(server, { path });
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw cannotListen(error, path, 'choose a path in a writable folder');
    await removeStale(path);
    await tryListen(server, { path }).catch((again) => {
      throw cannotListen(again, path, 'another server was quicker: choose another path');
    });
  }
}

/** Removes the socket of a server that died. */
async function removeStale(path: string): Promise<void> {
  if (!(await isSocket(path)))
    throw new NbdServerError(
      'address-in-use',
      `socket path ${path}: there is something that is no socket; remove it, or choose another path`,
    );
  if (await answers(path))
    throw new NbdServerError(
      'address-in-use',
      `socket path ${path}: a server is listening there; end it, or choose another path`,
    );
  await unlink(path).catch((error) => {
    throw cannotListen(error, path, 'remove the socket that a dead server left, or choose another path');
  });
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSocket();
  } catch (error) {
    throw cannotListen(error, path, 'choose another path');
  }
}

/** Does somebody listen there? Only a refusal says no: without the right to connect, say, one cannot know. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
}

function tryListen(server: Server, where: { path: string } | { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function cannotListen(error: unknown, where: string, advice: string): NbdServerError {
  const code = codeOf(error) === 'EADDRINUSE' ? 'address-in-use' : 'cannot-listen';
  const reason = error instanceof Error ? error.message : String(error);
  return new NbdServerError(code, `NBD server on ${where}: ${reason}; ${advice}`, { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

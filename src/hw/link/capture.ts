import { readFileSync, type Stats, statSync } from 'node:fs';
import { type CapturedFrame, CaptureError, CaptureScan } from './capture-scan.ts';
import { isPcap, parsePcap } from './pcap.ts';
import { isPcapng, parsePcapng } from './pcapng.ts';

export { type CapturedFrame, CaptureError } from './capture-scan.ts';

/** The frames of a capture file, as they stand in it. */
export interface Capture {
  frames: CapturedFrame[];
  format: 'pcap' | 'pcapng';
}

/** Larger files do not fit into one read of Node's. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads a capture file whole, pcap or pcapng (told apart by content, not by name). May block on a pipe.
 *
 * @throws {CaptureError} The file is missing, unreadable, no file, too large for memory, or `parseCapture` fails.
 */
export function readCapture(file: string): Capture {
  const stat = attempt(file, () => statSync(file));
  if (!stat.isFile() && !stat.isFIFO())
    throw new CaptureError(file, undefined, `is a ${kind(stat)}, not a file`, 'Name a pcap or pcapng file');
  if (stat.size > MAX_FILE_BYTES)
    throw new CaptureError(
      file,
      undefined,
      `${stat.size} bytes are too many to be held in memory (at most ${MAX_FILE_BYTES})`,
      `Take a part of it: editcap -r ${file} part.pcap 1-1000000`,
    );
  return parseCapture(
    file,
    attempt(file, () => readFileSync(file)),
  );
}

/**
 * Parses a capture: classic pcap (draft-ietf-opsawg-pcap) or pcapng (draft-ietf-opsawg-pcapng) of Ethernet
 * frames. A file that ends between two records is a whole, shorter capture.
 *
 * @param file Its name, for errors only.
 * @param content The whole file. The frames are views into it.
 * @throws {CaptureError} It is neither, not of Ethernet, damaged, or cut off inside a record.
 */
export function parseCapture(file: string, content: Uint8Array): Capture {
  const scan = new CaptureScan(file, content);
  if (scan.length === 0) throw new CaptureError(file, 0, 'is empty', 'Record it again, or copy it again');
  if (scan.length < 4) throw scan.cutOff(0, 'the magic number', 4);
  if (isPcap(scan)) return { frames: parsePcap(scan), format: 'pcap' };
  if (isPcapng(scan)) return { frames: parsePcapng(scan), format: 'pcapng' };
  const gzip = scan.u8(0) === 0x1f && scan.u8(1) === 0x8b;
  throw gzip
    ? scan.error(0, 'is compressed', `Unpack it first: gunzip < ${file} > unpacked.pcap`)
    : scan.error(0, 'is neither pcap nor pcapng', `Convert it: editcap -F pcapng ${file} converted.pcapng`);
}

function attempt<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    // Node's refusals to read (ENOENT, EACCES, no memory left, ...) are all of the file's or the machine's making.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CaptureError(file, undefined, `cannot be read (${reason})`, 'Check its path and permissions', {
      cause,
    });
  }
}

function kind(stat: Stats): string {
  if (stat.isDirectory()) return 'directory';
  return stat.isSocket() ? 'socket' : 'device';
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { readCapture } from '../../../src/hw/link/capture.ts';
import { PcapngWriter } from '../../../src/hw/link/pcapng-writer.ts';

const lanMix = fileURLToPath(new URL('../../../data/lan-mix.pcap', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ringswap-tshark-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string, ...parameters: readonly string[]): { stdout: string; warnings: string[] } {
  const { stdout, stderr } = spawnSync(command, parameters, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const warnings = stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Running as user "root"'));
  return { stdout, warnings };
}

const installed = (command: string) => spawnSync(command, ['--version']).status === 0;

describe.runIf(installed('tshark'))('tshark', () => {
  const file = join(folder, 'written.pcapng');

  /** The named fields of each frame in the file, as tshark shows them. */
  function fields(...names: readonly string[]): string[][] {
    const { stdout, warnings } = run(
      'tshark',
      '-r',
      file,
      '-T',
      'fields',
      ...names.flatMap((name) => ['-e', name]),
    );
    expect(warnings).toEqual([]);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
  }

  test('reads what PcapngWriter writes: times, interfaces, directions, comments', () => {
    const frame = Uint8Array.from({ length: 61 }, (_, index) => (index < 12 ? 2 : 0));
    const writer = new PcapngWriter(file, [{ name: 'nic0' }, { name: 'nic1' }], {
      epochNs: 1_700_000_000_123_456_789n,
    });
    writer.frame(0, 0, frame, 0, 60, 'in');
    writer.annotate('swap 1: requested');
    writer.annotate('swap 1: µ-quiesce');
    writer.frame(1, 5_000_000_001, frame, 0, 61, 'out', 'own comment');
    writer.annotate('never followed by a frame');
    writer.close();
    const names = ['frame.time_epoch', 'frame.len', 'frame.interface_name', 'frame.packet_flags_direction'];
    expect(fields(...names, 'frame.comment')).toEqual([
      ['1700000000.123456789', '60', 'nic0', '0x00000001', ''],
      ['1700000005.123456790', '61', 'nic1', '0x00000002', 'swap 1: requested,swap 1: µ-quiesce,own comment'],
    ]);
    const blocks = run('tshark', '-r', file, '-X', 'read_format:MIME Files Format', '-V');
    expect(blocks.warnings).toEqual([]);
    expect(blocks.stdout).toContain('Interface Statistics Block');
    expect(blocks.stdout).toContain('Comment = never followed by a frame');
    expect(blocks.stdout).not.toMatch(/malformed|expert info/i);
  });

  test('sees the same frames in a capture and in our copy of it', () => {
    const { frames } = readCapture(lanMix);
    const writer = new PcapngWriter(file, [{ name: 'lan' }]);
    for (const { bytes, timeNs } of frames) writer.frame(0, timeNs, bytes, 0, bytes.length, 'in');
    writer.close();
    const names = ['frame.time_relative', 'frame.len', 'frame.protocols', 'tcp.checksum', 'udp.checksum'];
    const copied = fields(...names);
    const { stdout } = run('tshark', '-r', lanMix, '-T', 'fields', ...names.flatMap((name) => ['-e', name]));
    expect(copied).toHaveLength(4448);
    expect(copied.map((line) => line.join('\t'))).toEqual(stdout.trimEnd().split('\n'));
  });
});

describe.runIf(installed('editcap'))('editcap', () => {
  test.each(['pcapng', 'nsecpcap'])('what it converts to %s is read as the original', (format) => {
    const file = join(folder, `converted.${format}`);
    expect(run('editcap', '-F', format, lanMix, file).warnings).toEqual([]);
    const converted = readCapture(file).frames;
    const original = readCapture(lanMix).frames;
    expect(converted).toHaveLength(original.length);
    original.forEach((frame, index) => {
      const { bytes, timeNs, originalLength } = converted[index];
      expect([timeNs, originalLength]).toEqual([frame.timeNs, frame.originalLength]);
      expect(Buffer.compare(bytes, frame.bytes)).toBe(0);
    });
  });
});

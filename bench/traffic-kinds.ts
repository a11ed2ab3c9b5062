/** Frames that are measured with: three sizes on the wire, and the capture of a real link. */
import type { Scenario } from '../src/testbed/scenario.ts';

export const DRIVERS = ['interrupt', 'polling', 'batching'] as const;

export const TRAFFIC: Readonly<Record<string, Pick<Scenario, 'size' | 'capture'>>> = {
  '64': { size: 64 },
  '512': { size: 512 },
  '1518': { size: 1518 },
  capture: { capture: 'data/lan-mix.pcap' },
};

/** What a user reads: `64 bytes`, `capture`. */
export function trafficName(kind: string): string {
  return kind === 'capture' ? kind : `${kind} bytes`;
}

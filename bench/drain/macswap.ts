import type { ApplicationDefinition } from '../../src/host/apps/applications.ts';
import { Sender } from '../../src/host/apps/sender.ts';

/** What forwarding is measured with, as DPDK's testpmd and ixy have it: every header is written. */
export const MACSWAP: ApplicationDefinition = {
  name: 'macswap',
  description: 'checks every frame, swaps its MAC addresses and sends it on by the card next to it',
  sends: 'on',
  exchanges: true,
  create: (environment) => new Sender('macswap', environment, true),
};

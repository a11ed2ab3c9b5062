/** Planted in the drivers: their rings, their interrupts, the buffer pool. */
import type { Sabotage } from '../sabotage.ts';

export const DRIVER_BUGS: readonly Sabotage[] = [
  {
    name: 'no-second-look',
    part: 'drivers',
    file: 'src/drivers/nic/interrupt.ts',
    edits: [{ find: 'ring.waits()', replace: 'false' }],
    says:
      'After unmasking, the driver goes to sleep without another look: frames that the application did not ' +
      'take, because the card by which it sends had no room, raise no interrupt of their own and lie there.',
    interleaved: true,
  },
  {
    name: 'interrupt-forgets-the-others',
    part: 'drivers',
    file: 'src/drivers/nic/interrupt.ts',
    edits: [{ find: 'this.scheduled |= 1 << vector;', replace: 'this.scheduled = 1 << vector;' }],
    says:
      'An interrupt replaces the vectors that are being served instead of joining them: the others stay masked ' +
      'by the card and are not unmasked on the way out.',
    interleaved: true,
  },
  {
    name: 'leaving-driver-masks-vectors',
    part: 'drivers',
    file: 'src/drivers/nic/ring-driver.ts',
    edits: [
      {
        find: '  release(): void {\n',
        replace: '  release(): void {\n    this.environment.port.write32(EIMC, this.vectorBits());\n',
      },
    ],
    says:
      'The old driver masks its vectors once more when it is released, after the commit: the successor, if it ' +
      'sleeps at that moment, has its vectors masked and is never woken.',
    interleaved: true,
  },
  {
    name: 'held-doorbells-stay-behind',
    part: 'drivers',
    file: 'src/drivers/nic/ring-driver.ts',
    edits: [
      {
        find: 'exportState(): void {\n    this.ringDoorbells();',
        replace: 'exportState(): void {',
      },
      {
        find: 'write32(EIMC, this.vectorBits());\n    this.ringDoorbells();',
        replace: 'write32(EIMC, this.vectorBits());',
      },
    ],
    says:
      'Neither quiesce nor export rings the doorbells that are held back: the successor begins at the last one ' +
      'rung and fills the descriptors behind it again, so their frames are never sent and their buffers lost.',
    interleaved: true,
  },
  {
    name: 'consumed-published-a-burst-late',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      { find: '    const head = (this.head + segments) | 0;\n', replace: '    const { head } = this;\n' },
      { find: '    this.head = head;\n', replace: '    this.head = (head + segments) | 0;\n' },
    ],
    says:
      'The commit point is stored before the index moves on: the state block is a burst behind, and a successor ' +
      'delivers the last burst again.',
    interleaved: false,
  },
  {
    name: 'doorbell-before-descriptor',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: '      const slot = (tail + i) & mask;\n',
        replace:
          '      const slot = (tail + i) & mask;\n      this.port.write32(rdt(this.queue), (slot + 1) & mask);\n',
      },
    ],
    says:
      'The receive doorbell is rung before the descriptor is filled: a card that waits for it writes to what the ' +
      'slot held before, or has its DD wiped out by the driver.',
    interleaved: true,
  },
  {
    name: 'looks-beyond-the-posted',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: 'const most = Math.min(this.readable(), CAPACITY);',
        replace: 'const most = Math.min(mask + 1, CAPACITY);',
      },
    ],
    says:
      'Peek trusts DD alone and not how far descriptors are posted: once all of them are consumed it comes to ' +
      'those of the last lap, whose DD is still set, and delivers their frames again.',
    interleaved: false,
  },
  {
    name: 'ring-filled-to-the-last-slot',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: 'this.target = Math.min(buffers, this.mask);',
        replace: 'this.target = Math.min(buffers, this.mask + 1);',
      },
    ],
    says:
      'A driver that takes over posts as many buffers as the ring has slots: the tail wraps onto the head, which ' +
      'says empty to the card, and nothing is received any more.',
    interleaved: false,
  },
  {
    name: 'report-bit-off-by-one-at-wrap',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: 'const last = (this.tail - 1) & mask;',
        replace: 'const last = (this.tail & mask) - 1;',
      },
    ],
    says:
      'A batch that ends with the last slot of the ring marks slot -1 for the report: it is never reported, and ' +
      'if it fills the ring, nothing is sent any more.',
    interleaved: false,
  },
  {
    name: 'reclaims-up-to-the-doorbell',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: 'count > 0; count = this.reported()) this.bringHome(count);',
        replace: 'count > 0; count = this.reported()) this.bringHome((this.rung - this.head) | 0);',
      },
    ],
    says:
      'The DD of one batch is taken for that of all that was rung: transmit descriptors are reclaimed before ' +
      'their own DD, and their buffers are filled with other frames before they are sent.',
    interleaved: true,
  },
  {
    name: 'leaving-driver-frees-sent-buffers',
    part: 'drivers',
    file: 'src/drivers/nic/ring-driver.ts',
    edits: [
      {
        find: '  release(): void {\n',
        replace: '  release(): void {\n    for (const ring of this.tx) ring.strip();\n',
      },
    ],
    says:
      "The old driver, when released, brings home the buffers of transmit rings that are its successor's by " +
      'then: each is recycled twice, and the published index goes back.',
    interleaved: false,
  },
  {
    name: 'cancelled-shrink-still-counted',
    part: 'drivers',
    file: 'src/drivers/pool.ts',
    edits: [
      {
        find: 'this.put(words[this.stack + this.most - gone]);\n' + '    store(words, this.words + GONE, 0);',
        replace: 'this.put(words[this.stack + this.most - gone]);',
      },
    ],
    says:
      'A shrink that is cancelled takes its buffers back but goes on counting them as gone: the books do not ' +
      'balance, and the next shrink unmaps memory while buffers in it are still in use.',
    interleaved: false,
  },
];

/** The far end of a card's cable, as the card sees it. Lengths here are without FCS. */
export interface Wire {
  /** May a frame be sent now? False while the partner has paused us or cannot take one. */
  ready(nowUs: number): boolean;
  /** A frame leaves the card; its bytes are valid during the call only. */
  send(address: number, length: number, nowUs: number): void;
  /** A PAUSE frame leaves the card (IEEE 802.3 annex 31B): quanta of 512 bit times, 0 resumes. */
  pause(quanta: number, nowUs: number): void;
}

export const FCS_BYTES = 4;
/** One PAUSE quantum at 10 Gb/s. */
export const QUANTUM_US = 0.0512;

export const UNPLUGGED: Wire = {
  ready: () => true,
  send: () => undefined,
  pause: () => undefined,
};

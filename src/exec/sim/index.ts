/** The simulation's face to those who build it apart: its own workers, and the tests of the checkers. */
export * from './coverage.ts';
export * from './faults.ts';
export * from './scenario.ts';
export * from './seeds.ts';
export { Lines } from './trace.ts';

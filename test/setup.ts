import { build } from '../scripts/build.mjs';

/** Tests import src/, but the threads that they start run the built workers. */
export async function setup(): Promise<void> {
  await build();
}

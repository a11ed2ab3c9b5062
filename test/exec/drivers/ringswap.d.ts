/** The package by its own name: `exports` leads to dist/, where types are only when they were built. */
declare module 'ringswap' {
  type Face = typeof import('../../../src/testbed/index.ts');
  export const NIC_DRIVERS: Face['NIC_DRIVERS'];
  export type Burst = import('../../../src/testbed/index.ts').Burst;
  export type NicDriver = import('../../../src/testbed/index.ts').NicDriver;
  export type NicDriverDefinition = import('../../../src/testbed/index.ts').NicDriverDefinition;
  export type NicEnvironment = import('../../../src/testbed/index.ts').NicEnvironment;
}

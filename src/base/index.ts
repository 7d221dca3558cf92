/** What every room may use: errors with a place, the clock, chance, sysctls. It knows nothing of networks. */
export * from './clock.ts';
export * from './errors.ts';
export * from './rng.ts';
export * from './sysctl.ts';

/** The kinds of values that extensions' options take: how each is written, read and printed. */
export * from './addresses.ts';
export * from './icmp-types.ts';
export * from './names.ts';
export * from './nat-range.ts';
export * from './numbers.ts';
export * from './ports.ts';
export * from './protocols.ts';
export * from './qos.ts';
export * from './rates.ts';
export * from './set-use.ts';
export * from './text.ts';
export * from './u32.ts';

/** Frames for the tests of all rooms, made without Sluice's own code: those of the comparison with the kernel. */
export * from '../../src/conform/frames.ts';

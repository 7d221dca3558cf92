/** Properties draw the same examples on every run, so that a failure is of the change; `SLUICE_SEED=N npm test` draws others. */
import fc from 'fast-check';

const seed = Number(process.env.SLUICE_SEED ?? 1);
if (!Number.isInteger(seed))
  throw new Error(`SLUICE_SEED is a whole number, not "${process.env.SLUICE_SEED}"`);
fc.configureGlobal({ seed });

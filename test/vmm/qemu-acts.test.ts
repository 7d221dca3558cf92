/** The acts of `npm run demo:qemu`, as tests: real guests, one of them booted from the network, and real servers. */
import { inOrder } from '../support/in-order.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { ACTS, PROGRAMS, Stage } from './qemu/acts.ts';

describe('guests of QEMU on a network that runs', function () {
  this.timeout(300_000);
  inOrder();
  const lines: string[] = [];
  let stage: Stage | undefined;

  before(async function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    for (const program of PROGRAMS) requireOrSkip(this, `needs ${program}`, hasProgram(program));
    stage = new Stage((line) => lines.push(line));
    await stage.open();
  });

  after(() => stage?.close());

  for (const { says, play } of ACTS) {
    it(says, async () => {
      lines.length = 0;
      try {
        await play(stage!);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${lines.join('\n')}`);
      }
    });
  }
});

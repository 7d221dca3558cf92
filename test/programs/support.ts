/** Programs on a gateway of their own, as one calls them at a prompt. */
import { VirtualClock } from '../../src/base/clock.ts';
import { SeededRng } from '../../src/base/rng.ts';
import { openCapture } from '../../src/capture/index.ts';
import { programNamed, type Interrupt } from '../../src/programs/index.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { Gateway } from '../../src/stack/gateway.ts';

export interface Said {
  out: string;
  err: string;
  /** -1 while it runs. */
  status: number;
  interrupt: Interrupt;
}

/** 2026-11-20 14:14:00 UTC. */
export const START_US = 1_795_184_040_000_000;

export class Prompt {
  readonly clock = new VirtualClock(START_US);
  readonly gateway: Gateway;
  /** What programs find there. */
  readonly files = new Map<string, string>();

  constructor(config: Record<string, unknown> = { interfaces: { eth0: { addresses: ['10.0.0.254/24'] } } }) {
    this.gateway = new Gateway(parseHostConfig(config), {
      clock: this.clock,
      rng: new SeededRng(1),
      log: { wanted: false, line: () => {} },
      sink: { frame: () => {} },
    });
  }

  start(line: string): Said {
    const [name = '', ...args] = line.split(' ').filter((word) => word !== '');
    const said: Said = { out: '', err: '', status: -1, interrupt: () => {} };
    const interrupt = programNamed(name)!.start({
      name,
      args,
      node: { kind: 'host', name: 'gateway', gateway: this.gateway },
      clock: this.clock,
      io: {
        out: { write: (text) => void (said.out += text), flush: () => {} },
        err: { write: (text) => void (said.err += text), flush: () => {} },
        env: {},
        readText: (path, done) => done(this.files.get(path) ?? null),
        openCapture,
      },
      exit: (status) => void (said.status = status),
    });
    if (interrupt !== undefined) said.interrupt = interrupt;
    return said;
  }

  /** To its end, by interrupting it where it would go on. */
  run(line: string): Said {
    const said = this.start(line);
    if (said.status < 0) said.interrupt();
    return said;
  }
}

/**
 * RSH, the remote shell (rshd(8), rcmd(3)): the first thing a client says is the decimal number of a port, ended by a zero
 * byte, to which the server connects for standard error. Both ports are ones that only root may use (512 to 1023), and so
 * stay under address translation. `0` or nothing means that there is no such connection.
 */
import { Entered } from '../netfilter/conntrack/expectations.ts';
import type { Family } from '../netfilter/hook.ts';
import { IPPROTO_TCP } from '../wire/ip-protocol.ts';
import { destinationOf, sourceOf } from './address.ts';
import { bytesOfText, textOfBytes } from './byte-text.ts';
import { EditedConnection, type Chunker, type StreamProtocol } from './edited-connection.ts';
import type { Expecting } from './expecting.ts';
import type { Flow } from './flow-table.ts';
import type { HelperFacts } from './helper-facts.ts';
import type { AlgServices } from './services.ts';
import { StreamHelper } from './stream-helper.ts';

const FIRST_PORT = 512;
const LAST_PORT = 1023;
const MAX_DIGITS = 5;
const CLIENT = 0;

export const RSH: HelperFacts = {
  name: 'rsh',
  families: [4, 6],
  transports: ['tcp'],
  port: 514,
  about: 'the connection for standard error of the remote shell (rcmd(3))',
  linux: '',
  policies: [{ name: 'rsh', maxExpected: 1, timeoutUs: 60_000_000 }],
  limits: [
    ['lowest port that is expected', FIRST_PORT],
    ['highest port that is expected', LAST_PORT],
  ],
};

export class Rsh extends StreamHelper {
  constructor(family: Family, services: AlgServices) {
    super(RSH, family, services);
  }

  protected connect(entry: number, flow: Flow): RshConnection {
    return new RshConnection(this.services, this.name, entry, this.expecting, (port) =>
      this.expect(entry, port, flow),
    );
  }

  /** The port that the server is told, 0 when it can't be expected. */
  private expect(entry: number, port: number, flow: Flow): number {
    const { flows } = this.services;
    if (flows.wanted) flows.note(flow, 'message', 'client', `standard error to port ${port}`);
    if (port === 0) return 0;
    if (port < FIRST_PORT || port > LAST_PORT) {
      flows.note(flow, 'note', 'gateway', `no connection expected: port ${port} is not for this`);
      return 0;
    }
    flow.command = 'stderr';
    flow.port = port;
    return this.enter(entry, port);
  }

  private enter(entry: number, port: number): number {
    const { expecting } = this;
    const back = expecting.tuple(entry, 1);
    const isTranslated = expecting.isTranslated(entry);
    const ends = { family: this.family, proto: IPPROTO_TCP, from: sourceOf(back), to: destinationOf(back) };
    const expectation = expecting.make(entry, this, { ...ends, toPort: port });
    if (isTranslated) {
      expectation.savedPort = port;
      expectation.direction = 1;
      expectation.onExpected = expecting.followMaster;
    }
    // The one wished for, then the others of its kind from the top.
    for (let seen = port, next = LAST_PORT; seen >= FIRST_PORT; seen = next--) {
      expectation.tuple.dstId = seen;
      const result = expecting.enter(expectation);
      if (result === Entered.OK) return seen;
      if (result !== Entered.BUSY || !isTranslated) return 0;
    }
    return 0;
  }
}

class RshConnection extends EditedConnection {
  protected readonly protocol: StreamProtocol;

  constructor(
    services: AlgServices,
    helper: string,
    entry: number,
    expecting: Expecting,
    expect: (port: number) => number,
  ) {
    const field = new PortField((digits, seq) => {
      const endSeq = (seq + digits.length + 1) | 0;
      const port = Number(digits);
      const seen = expect(port);
      if (seen === 0 || seen === port) return this.pass(CLIENT, endSeq, `${digits}\0`);
      const words = String(seen);
      this.change(CLIENT, seq, endSeq, 0, digits.length, bytesOfText(words), () => `${words}\0`);
    });
    super(services, helper, entry, [field, NOTHING_TO_READ]);
    this.protocol = {
      get isOver() {
        return field.isOver;
      },
      lost: () => field.gap(),
      mayEdit: (side) => side === CLIENT && expecting.isTranslated(entry),
      mayChange: () => true,
    };
  }
}

/** The first field of the client's stream; what follows is nobody's business. */
class PortField implements Chunker {
  partial = '';
  partialSeq = 0;
  isOver = false;
  private readonly told: (digits: string, seq: number) => void;

  constructor(told: (digits: string, seq: number) => void) {
    this.told = told;
  }

  gap(): void {
    this.isOver = true;
  }

  bytes(from: Uint8Array, start: number, end: number, seq: number): void {
    if (this.isOver) return;
    if (this.partial === '') this.partialSeq = seq;
    this.partial += textOfBytes(from, start, Math.min(end, start + MAX_DIGITS + 1));
    const field = /^(\d{0,5})\0/.exec(this.partial);
    if (field !== null) {
      this.isOver = true;
      this.partial = '';
      this.told(field[1]!, this.partialSeq);
    } else if (!/^\d{0,5}$/.test(this.partial)) {
      this.isOver = true;
    }
  }
}

/** What the server says holds no port. */
const NOTHING_TO_READ: Chunker = { partial: '', partialSeq: 0, gap: () => undefined, bytes: () => undefined };

/**
 * The port of a data connection: whether it may be used at all, what the other side is told of it under address
 * translation, and the expectation that opens it. A port that the client named keeps its place from then on (inactive:
 * the other side is told it already), and is opened when a transfer is asked for.
 */
import { Entered, ExpectFlag, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress, sourceOf, type Address } from '../address.ts';
import type { Expecting } from '../expecting.ts';
import { FIRST_OPEN_PORT } from '../helper-facts.ts';
import type { EditLine } from '../line-connection.ts';
import type { Line } from '../line-reader.ts';
import type { HostPort } from './numbers.ts';
import { formatForm, type FtpForm } from './rewrite.ts';

export interface DataPort {
  /** As the end named them. */
  readonly address: Address;
  readonly port: number;
  /** 0: the client named it, and the server connects. */
  readonly side: number;
  /** What the other side was told, where that is another port; the same port else. */
  readonly seenPort: number;
  expectation: Expectation | null;
}

export class DataPorts {
  readonly family: number;
  private readonly entry: number;
  private readonly helper: CtHelper;
  private readonly expecting: Expecting;
  private readonly loose: boolean;
  private readonly edit: EditLine;

  constructor(entry: number, helper: CtHelper, expecting: Expecting, loose: boolean, edit: EditLine) {
    this.family = helper.family;
    this.entry = entry;
    this.helper = helper;
    this.expecting = expecting;
    this.loose = loose;
    this.edit = edit;
  }

  get isTranslated(): boolean {
    return this.expecting.isTranslated(this.entry);
  }

  /** The port that `side` named in `line`; the reason when it may not be used. */
  make(side: number, form: FtpForm, named: HostPort, line: Line): DataPort | string {
    const { expecting, entry } = this;
    const own = sourceOf(expecting.tuple(entry, side));
    const address = named.address ?? own;
    if (!this.loose && !sameAddress(address, own)) return 'it would lead to a third host';
    if (named.port < FIRST_OPEN_PORT) return `port ${named.port} is not for data`;
    let seenPort = named.port;
    let kept: Expectation | null = null;
    if (expecting.isTranslated(entry)) {
      kept = this.expectation(side, address, named.port);
      kept.flags |= ExpectFlag.INACTIVE;
      seenPort = expecting.enterWithPort(kept, named.port);
      if (seenPort === 0) return 'all ports in use';
      const shown = destinationOf(expecting.tuple(entry, side ^ 1));
      const text = formatForm(form, this.family, shown, seenPort);
      this.edit(side, line, named.start, named.end, text);
    }
    return { address, port: named.port, side, seenPort, expectation: kept };
  }

  /** From now on the data connection may come. */
  open(port: DataPort): void {
    const { expecting } = this;
    if (port.expectation !== null) expecting.cancel(port.expectation);
    const expectation = this.expectation(port.side, port.address, port.port);
    expectation.tuple.dstId = port.seenPort;
    port.expectation = expecting.enter(expectation) === Entered.OK ? expectation : null;
  }

  close(port: DataPort): void {
    if (port.expectation !== null) this.expecting.cancel(port.expectation);
    port.expectation = null;
  }

  private expectation(side: number, address: Address, port: number): Expectation {
    const { expecting, entry, family } = this;
    const back = expecting.tuple(entry, side ^ 1);
    // Under translation the connection is addressed to where this side is seen; a third host has no such place.
    const isOwn = sameAddress(address, sourceOf(expecting.tuple(entry, side)));
    const to = isOwn ? destinationOf(back) : address;
    const ends = { family, proto: IPPROTO_TCP, from: sourceOf(back), to, toPort: port };
    const expectation = expecting.make(entry, this.helper, ends);
    if (expecting.isTranslated(entry)) {
      expectation.savedPort = port;
      expectation.direction = side ^ 1;
      expectation.onExpected = expecting.followMaster;
    }
    return expectation;
  }
}

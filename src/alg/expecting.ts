/**
 * Making expectations: what Linux's nf_ct_expect_init, nf_ct_expect_related, nf_nat_exp_find_port and
 * nf_nat_follow_master do for its helpers, and telling the flow table of each.
 */
import type { Rng } from '../base/rng.ts';
import type { Conntrack } from '../netfilter/conntrack/conntrack.ts';
import { CtStatus } from '../netfilter/conntrack/ct-info.ts';
import { Entered, Expectation, Gone } from '../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../netfilter/conntrack/helpers.ts';
import { Tuple } from '../netfilter/conntrack/tuple.ts';
import type { Nat } from '../netfilter/nat/nat.ts';
import { Manip, NatFlag, type NatRange } from '../netfilter/nat/view.ts';
import {
  copyDestination,
  copySource,
  destinationOf,
  sameAddress,
  setDestination,
  setSource,
  sourceOf,
  type Address,
} from './address.ts';
import type { FlowTable } from './flow-table.ts';
import type { AlgServices } from './services.ts';

/** Ports tried before a helper gives up. */
const MAX_PORT_ATTEMPTS = 128;
const MAX_PORT = 65535;

export interface Ends {
  readonly family: number;
  readonly proto: number;
  /** Null: from anywhere. */
  readonly from: Address | null;
  readonly fromPort?: number | null;
  readonly to: Address;
  readonly toPort: number;
}

export class Expecting {
  private readonly conntrack: Conntrack;
  private readonly nat: Nat;
  private readonly rng: Rng;
  private readonly flows: FlowTable;
  private readonly scratchTuple = new Tuple();
  private readonly scratchThere: Address = new Int32Array(4);
  private readonly scratchShown: Address = new Int32Array(4);

  constructor({ conntrack, nat, rng, flows }: AlgServices) {
    this.conntrack = conntrack;
    this.nat = nat;
    this.rng = rng;
    this.flows = flows;
  }

  tuple(entry: number, direction: number): Tuple {
    const tuple = new Tuple();
    this.conntrack.readTuple(entry, direction === 0 ? 0 : 1, tuple);
    return tuple;
  }

  /** Who sends in that direction. */
  readSource(entry: number, direction: number, out: Address): Address {
    const { scratchTuple } = this;
    this.conntrack.readTuple(entry, direction === 0 ? 0 : 1, scratchTuple);
    return copySource(scratchTuple, out);
  }

  /** Whom it is sent to. */
  readDestination(entry: number, direction: number, out: Address): Address {
    const { scratchTuple } = this;
    this.conntrack.readTuple(entry, direction === 0 ? 0 : 1, scratchTuple);
    return copyDestination(scratchTuple, out);
  }

  isTranslated(entry: number): boolean {
    return (this.conntrack.status[entry]! & (CtStatus.SRC_NAT | CtStatus.DST_NAT)) !== 0;
  }

  /** An expectation that is not in the table yet. */
  make(master: number, owner: CtHelper, ends: Ends, policyClass = 0): Expectation {
    const expectation = new Expectation(master, owner, policyClass);
    const { tuple, mask } = expectation;
    tuple.family = ends.family;
    tuple.proto = ends.proto;
    this.conntrack.readTuple(master, 0, this.scratchTuple);
    tuple.zone = this.scratchTuple.zone;
    if (ends.from !== null) {
      setSource(tuple, ends.from);
      mask.src0 = -1;
      if (ends.family === 6) mask.src1 = mask.src2 = mask.src3 = -1;
    }
    const fromPort = ends.fromPort ?? null;
    if (fromPort !== null) {
      tuple.srcId = fromPort;
      mask.srcId = 0xffff;
    }
    setDestination(tuple, ends.to);
    tuple.dstId = ends.toPort;
    return expectation;
  }

  /** Enters it; with `anyMaster` in the place of the same one of another master. */
  enter(expectation: Expectation, anyMaster = false): Entered {
    const result = this.conntrack.expect(expectation, anyMaster);
    if (result === Entered.OK) this.flows.expected(expectation);
    return result;
  }

  /** Enters it with the port wished for, or the next best that is free; 0 when there is none. */
  enterWithPort(expectation: Expectation, wished: number): number {
    const range = MAX_PORT - wished;
    let left = Math.min(range, MAX_PORT_ATTEMPTS);
    for (let port = wished; ; port = wished + this.rng.below(range)) {
      expectation.tuple.dstId = port;
      const result = this.enter(expectation);
      if (result === Entered.OK) return port;
      if (result !== Entered.BUSY || --left < 0) return 0;
    }
  }

  /** Expected where the other side sees this one; remembers where it goes on to. Returns the address seen, good until the next. */
  place(expectation: Expectation, direction: number, entry: number): Address {
    const { tuple } = expectation;
    const there = this.readSource(entry, direction, this.scratchThere);
    const shown = this.readDestination(entry, direction ^ 1, this.scratchShown);
    const own = destinationOf(tuple);
    const seen = sameAddress(there, shown) ? own : shown;
    expectation.savedAddress = own;
    expectation.savedPort = tuple.dstId;
    setDestination(tuple, seen);
    expectation.direction = direction ^ 1;
    return seen;
  }

  /**
   * Both at a pair of ports that is free, the one wished for if it can be; 0 for none. `anyMaster`, as Linux has it: what
   * another connection expects there makes it give up.
   */
  enterPair(rtp: Expectation, rtcp: Expectation, anyMaster: boolean): number {
    for (let port = rtp.savedPort; port !== 0; port = (port + 2) & MAX_PORT) {
      rtp.tuple.dstId = port;
      const first = this.enter(rtp, anyMaster);
      if (first === Entered.BUSY) continue;
      if (first !== Entered.OK) return 0;
      rtcp.tuple.dstId = port + 1;
      const second = this.enter(rtcp, anyMaster);
      if (second === Entered.OK) return port;
      this.conntrack.expectations.remove(rtp, Gone.CANCELLED);
      if (second !== Entered.BUSY) return 0;
    }
    return 0;
  }

  cancel(expectation: Expectation): void {
    this.conntrack.expectations.remove(expectation);
  }

  /**
   * The expected connection is translated as its master is: what `onExpected` is set to under NAT. As in Linux, it then
   * comes from the master's end, whoever sent it.
   */
  readonly followMaster = (entry: number, _pkt: unknown, expectation: Expectation): void => {
    const back = this.tuple(expectation.master, expectation.direction ^ 1);
    this.nat.setupEntry(entry, addressRange(destinationOf(back)), Manip.SRC);
    this.goOn(entry, expectation, back);
  };

  /** The same for connections that may come from anybody, who keeps his address. */
  readonly followMasterInside = (entry: number, pkt: unknown, expectation: Expectation): void => {
    const { master, direction } = expectation;
    if (sameAddress(sourceOf(this.tuple(entry, 0)), sourceOf(this.tuple(master, direction)))) {
      this.followMaster(entry, pkt, expectation);
    } else {
      this.goOn(entry, expectation, this.tuple(master, direction ^ 1));
    }
  };

  private goOn(entry: number, { savedPort }: Expectation, back: Tuple): void {
    this.nat.setupEntry(entry, addressRange(sourceOf(back), savedPort), Manip.DST);
  }
}

/** One address, and one port unless it is left alone. */
export function addressRange(address: Address, port = -1): NatRange {
  return {
    flags: NatFlag.MAP_IPS | (port < 0 ? 0 : NatFlag.PROTO_SPECIFIED),
    minAddress: address,
    maxAddress: address,
    minPort: Math.max(port, 0),
    maxPort: Math.max(port, 0),
    basePort: 0,
  };
}

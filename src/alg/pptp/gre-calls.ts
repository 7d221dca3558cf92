/**
 * The GRE connections of one call: expected each way, with the call ids that stand for ports. A packet
 * of GRE carries its receiver's id only; the sender's comes from the key map (netfilter/conntrack/gre.ts), which is told
 * here. Linux: exp_gre, pptp_expectfn, pptp_nat_expected, pptp_destroy_siblings.
 */
import { Entered, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import { Manip } from '../../netfilter/nat/view.ts';
import { IPPROTO_GRE } from '../../wire/ip-protocol.ts';
import { destinationOf, sourceOf } from '../address.ts';
import { addressRange, type Expecting } from '../expecting.ts';
import type { AlgServices } from '../services.ts';

export class GreCalls {
  /** Of the call last asked for, as the server knows it, and as the client does. */
  clientCallId = 0;
  hiddenClientCallId = 0;
  serverCallId = 0;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly helper: CtHelper;
  private readonly entry: number;
  /** What the key map was told, by direction. */
  private readonly keys: [Tuple | null, Tuple | null] = [null, null];

  private readonly isStrict: boolean;

  constructor(
    services: AlgServices,
    expecting: Expecting,
    helper: CtHelper,
    entry: number,
    isStrict: boolean,
  ) {
    this.isStrict = isStrict;
    this.services = services;
    this.expecting = expecting;
    this.helper = helper;
    this.entry = entry;
  }

  private get isTranslated(): boolean {
    return this.expecting.isTranslated(this.entry);
  }

  /** The client's own id for the call. */
  get ownClientCallId(): number {
    return this.isTranslated ? this.hiddenClientCallId : this.clientCallId;
  }

  /** Under translation the server is given another id for the client's: `shownId`, which is made from the port seen. */
  showClient(shownId: (port: number) => number): void {
    if (!this.isTranslated) return;
    this.hiddenClientCallId = this.clientCallId;
    this.clientCallId = shownId(this.expecting.tuple(this.entry, 1).dstId);
  }

  /** Does anybody's call have this id towards the server already? */
  isTaken(id: number): boolean {
    const tuple = this.expecting.tuple(this.entry, 1);
    tuple.dstId = id;
    return this.services.conntrack.reader.greKeys.sourceKey(tuple) !== 0;
  }

  /** The call stands. True when GRE is expected now. */
  open(): boolean {
    const there = this.make(0, this.clientCallId, this.serverCallId);
    const back = this.make(1, this.serverCallId, this.clientCallId);
    if (this.isTranslated) {
      there.tuple.srcId = this.hiddenClientCallId;
      there.savedPort = this.clientCallId;
      back.savedPort = this.hiddenClientCallId;
    }
    const { expecting } = this;
    if (expecting.enter(there) !== Entered.OK) return false;
    if (expecting.enter(back) !== Entered.OK) {
      expecting.cancel(there);
      return false;
    }
    if (this.tellKeys(0, there) && this.tellKeys(1, back)) return true;
    expecting.cancel(there);
    expecting.cancel(back);
    return false;
  }

  private make(direction: 0 | 1, fromKey: number, toKey: number): Expectation {
    const { expecting, entry } = this;
    const tuple = expecting.tuple(entry, direction);
    const expectation = expecting.make(entry, this.helper, {
      family: 4,
      proto: IPPROTO_GRE,
      from: sourceOf(tuple),
      fromPort: fromKey,
      to: destinationOf(tuple),
      toPort: toKey,
    });
    expectation.direction = direction;
    expectation.onExpected = (connection, _pkt, fulfilled) => this.expected(connection, fulfilled);
    return expectation;
  }

  /** A direction has one key; another call while it stands is refused. */
  private tellKeys(direction: 0 | 1, { tuple }: Expectation): boolean {
    const known = this.keys[direction];
    if (known !== null) return known.equals(tuple);
    this.keys[direction] = new Tuple().copy(tuple);
    this.services.conntrack.reader.greKeys.add(this.keys[direction], this.entry);
    return true;
  }

  /** GRE came: the same connection is not to be expected the other way as well. */
  private expected(connection: number, { tuple, direction, savedPort }: Expectation): void {
    const { expecting, entry, services } = this;
    const other = new Tuple();
    if (!this.isTranslated) {
      services.conntrack.invert(tuple, other);
      this.unexpect(other);
      return;
    }
    const back = expecting.tuple(entry, direction ^ 1);
    if (direction === 0) {
      other.copy(back);
      other.proto = IPPROTO_GRE;
      other.srcId = this.serverCallId;
      other.dstId = this.clientCallId;
      // The other way round Linux looks for one that there never is: what is left waits until its time is over.
      this.unexpect(other);
    }
    const source = addressRange(destinationOf(back), direction === 0 ? savedPort : -1);
    services.nat.setupEntry(connection, source, Manip.SRC);
    const destination = addressRange(sourceOf(back), direction === 1 ? savedPort : -1);
    services.nat.setupEntry(connection, destination, Manip.DST);
  }

  private unexpect(tuple: Tuple): boolean {
    const { expectations } = this.services.conntrack;
    const found = expectations.find(tuple);
    if (found !== null) expectations.remove(found);
    return found !== null;
  }

  /** The call is over: what it let through ends, what waits is given up. */
  close(): void {
    const { conntrack } = this.services;
    for (const key of this.keys) if (key !== null) conntrack.reader.greKeys.remove(key);
    this.keys[0] = this.keys[1] = null;
    // Linux looks for what waits for the client with the id that the server knows, and under translation misses it.
    const clientCallId = this.isStrict ? this.ownClientCallId : this.clientCallId;
    for (const direction of [0, 1]) {
      const tuple = this.expecting.tuple(this.entry, direction);
      tuple.proto = IPPROTO_GRE;
      [tuple.srcId, tuple.dstId] =
        direction === 0 ? [clientCallId, this.serverCallId] : [this.serverCallId, this.clientCallId];
      const connection = conntrack.find(tuple);
      if (connection !== 0) conntrack.remove(connection);
      else this.unexpect(tuple);
    }
  }
}

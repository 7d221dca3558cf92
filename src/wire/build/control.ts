/** ICMP, ICMPv6 and neighbour discovery as layers. */
import { fold, sum } from '../checksum.ts';
import * as icmpRoom from '../icmp.ts';
import * as icmpv6Room from '../icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../ip-protocol.ts';
import * as nd from '../nd.ts';
import { ip6Bytes, macBytes, type Ip6Input, type MacInput } from './input.ts';
import { data, type Layer } from './layer.ts';

export interface IcmpInput {
  readonly type: number;
  readonly code?: number;
  readonly checksum?: number;
  /** Either the four bytes behind the checksum as one word … */
  readonly rest?: number;
  /** … or its halves. */
  readonly id?: number;
  readonly sequence?: number;
}

function icmpRecord(input: IcmpInput): icmpRoom.IcmpRecord {
  return {
    type: input.type,
    code: input.code ?? 0,
    checksum: input.checksum ?? 0,
    rest: input.rest ?? ((input.id ?? 0) << 16) | (input.sequence ?? 0),
  };
}

export function icmp(input: IcmpInput): Layer {
  const record = icmpRecord(input);
  return {
    etherType: -1,
    protocol: IPPROTO_ICMP,
    length: icmpRoom.HEADER_LENGTH,
    write: (bytes, at) => icmpRoom.emit(record, bytes, at),
    finish(bytes, at, end) {
      if (input.checksum === undefined) icmpRoom.fillChecksum(bytes, at, end);
    },
  };
}

export function icmpv6(input: IcmpInput): Layer {
  const record = icmpRecord(input);
  return {
    etherType: -1,
    protocol: IPPROTO_ICMPV6,
    length: icmpv6Room.HEADER_LENGTH,
    write: (bytes, at) => icmpv6Room.emit(record, bytes, at),
    finish(bytes, at, end, pseudo) {
      if (input.checksum !== undefined) return;
      icmpv6Room.setChecksum(
        bytes,
        at,
        ~fold(sum(bytes, at, end, pseudo(IPPROTO_ICMPV6, end - at))) & 0xffff,
      );
    },
  };
}

export interface NeighbourInput {
  /** NEIGHBOUR_SOLICITATION unless given. */
  readonly type?: number;
  /** NA_ROUTER, NA_SOLICITED, NA_OVERRIDE. */
  readonly flags?: number;
  readonly target: Ip6Input;
  readonly mac: MacInput;
}

/** The body of a neighbour solicitation or advertisement: stands behind `icmpv6` of the same type. */
export function neighbour(input: NeighbourInput): Layer[] {
  const type = input.type ?? icmpv6Room.NEIGHBOUR_SOLICITATION;
  const whole = new Uint8Array(nd.NEIGHBOUR_WITH_ADDRESS_LENGTH);
  nd.writeNeighbour(whole, 0, type, input.flags ?? 0, ip6Bytes(input.target), 0, macBytes(input.mac), 0);
  return [icmpv6({ type, rest: input.flags ?? 0 }), data(whole.slice(icmpv6Room.HEADER_LENGTH))];
}

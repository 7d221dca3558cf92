/** IPv4, IPv6 and its extension headers as layers. */
import { readI32 } from '../bytes.ts';
import { pseudo4, pseudo6 } from '../checksum.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../ether-type.ts';
import { IPPROTO_FRAGMENT, IPPROTO_IPIP, IPPROTO_IPV6 } from '../ip-protocol.ts';
import * as ipv4Room from '../ipv4.ts';
import * as ipv6Room from '../ipv6.ts';
import * as ipv6ext from '../ipv6-ext.ts';
import { ip4Word, ip6Bytes, type Ip4Input, type Ip6Input } from './input.ts';
import { nextProtocol, type Layer } from './layer.ts';

export interface Ipv4Input extends Partial<Omit<ipv4Room.Ipv4Record, 'src' | 'dst'>> {
  readonly src: Ip4Input;
  readonly dst: Ip4Input;
}

export function ipv4(input: Ipv4Input): Layer {
  const src = ip4Word(input.src);
  const dst = ip4Word(input.dst);
  const options = input.options ?? new Uint8Array(0);
  return {
    etherType: ETH_P_IP,
    protocol: IPPROTO_IPIP,
    length: ipv4Room.byteLength({ options }),
    write(bytes, at, end, next) {
      const record: ipv4Room.Ipv4Record = {
        tos: 0,
        totalLength: end - at,
        id: 0,
        flags: 0,
        fragOffset: 0,
        ttl: 64,
        protocol: next === undefined || next.protocol < 0 ? 253 : next.protocol, // 253: for experiments (RFC 3692)
        checksum: 0,
        ...input,
        src,
        dst,
        options,
      };
      ipv4Room.emit(record, bytes, at);
    },
    finish(bytes, at) {
      if (input.checksum === undefined) ipv4Room.fillChecksum(bytes, at);
    },
    pseudo: (bytes, at) => (protocol, length) =>
      pseudo4(ipv4Room.src(bytes, at), ipv4Room.dst(bytes, at), protocol, length),
  };
}

export interface Ipv6Input extends Partial<Omit<ipv6Room.Ipv6Record, 'src' | 'dst'>> {
  readonly src: Ip6Input;
  readonly dst: Ip6Input;
}

export function ipv6(input: Ipv6Input): Layer {
  const src = ip6Bytes(input.src);
  const dst = ip6Bytes(input.dst);
  return {
    etherType: ETH_P_IPV6,
    protocol: IPPROTO_IPV6,
    length: ipv6Room.HEADER_LENGTH,
    write(bytes, at, end, next) {
      const record: ipv6Room.Ipv6Record = {
        trafficClass: 0,
        flowLabel: 0,
        payloadLength: end - at - ipv6Room.HEADER_LENGTH,
        nextHeader: nextProtocol(next),
        hopLimit: 64,
        ...input,
        src,
        dst,
      };
      ipv6Room.emit(record, bytes, at);
    },
    pseudo: (bytes, at) => {
      const word = (i: number): number => readI32(bytes, at + ipv6Room.SRC_AT + 4 * i);
      return (protocol, length) =>
        pseudo6(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7), protocol, length);
    },
  };
}

/** A hop-by-hop (0), routing (43) or destination options (60) header; `body` is all behind its two fixed bytes. */
export function extension(kind: number, body: Uint8Array = new Uint8Array(6), nextHeader?: number): Layer {
  return {
    etherType: -1,
    protocol: kind,
    length: ipv6ext.byteLength({ nextHeader: 0, data: body }),
    write: (bytes, at, _end, next) =>
      ipv6ext.emit({ nextHeader: nextHeader ?? nextProtocol(next), data: body }, bytes, at),
  };
}

/** The IPv6 fragment header; the offset in bytes. */
export function fragment(input: Partial<ipv6ext.FragmentRecord> & { readonly id: number }): Layer {
  return {
    etherType: -1,
    protocol: IPPROTO_FRAGMENT,
    length: ipv6ext.FRAGMENT_LENGTH,
    write: (bytes, at, _end, next) =>
      ipv6ext.emitFragment(
        { nextHeader: nextProtocol(next), fragOffset: 0, moreFragments: false, ...input },
        bytes,
        at,
      ),
  };
}

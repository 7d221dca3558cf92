/** Layers that stand in front of IP: Ethernet, VLAN tags, ARP, and GRE, which carries EtherTypes too. */
import * as arpRoom from '../arp.ts';
import { writeU16 } from '../bytes.ts';
import { fold, sum } from '../checksum.ts';
import { ETH_P_8021Q, ETH_P_ARP } from '../ether-type.ts';
import * as ethernetRoom from '../ethernet.ts';
import * as greRoom from '../gre.ts';
import { IPPROTO_GRE } from '../ip-protocol.ts';
import * as vlanRoom from '../vlan.ts';
import { ip4Word, macBytes, type Ip4Input, type MacInput } from './input.ts';
import { knownType, type Layer } from './layer.ts';

export interface EthernetInput {
  readonly dst?: MacInput;
  readonly src?: MacInput;
  readonly type?: number;
}

export function ethernet(input: EthernetInput = {}): Layer {
  const dst = macBytes(input.dst ?? '02:00:00:00:00:02');
  const src = macBytes(input.src ?? '02:00:00:00:00:01');
  return {
    etherType: 0x6558, // transparent Ethernet bridging, as GRE and VXLAN-GPE name it
    protocol: -1,
    length: ethernetRoom.HEADER_LENGTH,
    // Without a known type behind, the field is the length of 802.3.
    write: (bytes, at, end, next) =>
      ethernetRoom.emit(
        { dst, src, type: input.type ?? knownType(next, end - at - ethernetRoom.HEADER_LENGTH) },
        bytes,
        at,
      ),
  };
}

export interface VlanInput {
  readonly vid: number;
  readonly pcp?: number;
  readonly dei?: number;
  /** Tag protocol identifier in the layer in front: 802.1Q unless given. */
  readonly tpid?: number;
  readonly type?: number;
}

export function vlan(input: VlanInput): Layer {
  return {
    etherType: input.tpid ?? ETH_P_8021Q,
    protocol: -1,
    length: vlanRoom.TAG_LENGTH,
    write: (bytes, at, end, next) =>
      vlanRoom.emit(
        {
          vid: input.vid,
          pcp: input.pcp ?? 0,
          dei: input.dei ?? 0,
          type: input.type ?? knownType(next, end - at - vlanRoom.TAG_LENGTH),
        },
        bytes,
        at,
      ),
  };
}

export interface ArpInput {
  readonly operation?: number;
  readonly senderMac: MacInput;
  readonly senderIp: Ip4Input;
  readonly targetMac?: MacInput;
  readonly targetIp: Ip4Input;
}

export function arp(input: ArpInput): Layer {
  const record: arpRoom.ArpRecord = {
    operation: input.operation ?? arpRoom.REQUEST,
    senderMac: macBytes(input.senderMac),
    senderIp: ip4Word(input.senderIp),
    targetMac: macBytes(input.targetMac ?? '00:00:00:00:00:00'),
    targetIp: ip4Word(input.targetIp),
  };
  return {
    etherType: ETH_P_ARP,
    protocol: -1,
    length: arpRoom.LENGTH,
    write: (bytes, at) => arpRoom.emit(record, bytes, at),
  };
}

/** Version 0 by default; with a `checksum` given as 0 the field is there and filled in. */
export function gre(input: Partial<greRoom.GreRecord> = {}): Layer {
  const complete = (protocol: number): greRoom.GreRecord => ({
    version: 0,
    protocol,
    checksum: undefined,
    key: undefined,
    sequence: undefined,
    acknowledgment: undefined,
    ...input,
  });
  return {
    etherType: -1,
    protocol: IPPROTO_GRE,
    length: greRoom.byteLength(complete(0)),
    write: (bytes, at, _end, next) => greRoom.emit(complete(knownType(next, 0)), bytes, at),
    finish(bytes, at, end) {
      if (input.checksum === 0) writeU16(bytes, at + 4, ~fold(sum(bytes, at, end, 0)) & 0xffff);
    },
  };
}

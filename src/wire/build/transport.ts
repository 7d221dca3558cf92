/** TCP, UDP, UDP-Lite and SCTP as layers. */
import { fold, sum } from '../checksum.ts';
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE } from '../ip-protocol.ts';
import type { OptionRecord } from '../options.ts';
import * as sctpRoom from '../sctp.ts';
import * as tcpRoom from '../tcp.ts';
import * as tcpOptions from '../tcp-options.ts';
import * as udpRoom from '../udp.ts';
import * as udpliteRoom from '../udplite.ts';
import type { Layer } from './layer.ts';

export interface TcpInput extends Partial<Omit<tcpRoom.TcpRecord, 'options'>> {
  readonly options?: Uint8Array | readonly OptionRecord[];
}

export function tcp(input: TcpInput = {}): Layer {
  const options =
    input.options instanceof Uint8Array ? input.options : tcpOptions.encode(input.options ?? []);
  return {
    etherType: -1,
    protocol: IPPROTO_TCP,
    length: tcpRoom.byteLength({ options }),
    write(bytes, at) {
      const record: tcpRoom.TcpRecord = {
        srcPort: 40000,
        dstPort: 80,
        seq: 1,
        ack: 0,
        flags: tcpRoom.SYN,
        window: 64240,
        checksum: 0,
        urgentPointer: 0,
        ...input,
        options,
      };
      tcpRoom.emit(record, bytes, at);
    },
    finish(bytes, at, end, pseudo) {
      if (input.checksum !== undefined) return;
      tcpRoom.setChecksum(bytes, at, ~fold(sum(bytes, at, end, pseudo(IPPROTO_TCP, end - at))) & 0xffff);
    },
  };
}

export function udp(input: Partial<udpRoom.UdpRecord> = {}): Layer {
  return {
    etherType: -1,
    protocol: IPPROTO_UDP,
    length: udpRoom.HEADER_LENGTH,
    write: (bytes, at, end) =>
      udpRoom.emit({ srcPort: 40000, dstPort: 53, length: end - at, checksum: 0, ...input }, bytes, at),
    finish(bytes, at, end, pseudo) {
      if (input.checksum !== undefined) return;
      const total = sum(bytes, at, end, pseudo(IPPROTO_UDP, end - at));
      udpRoom.setChecksum(bytes, at, udpRoom.mangleZero(~fold(total) & 0xffff));
    },
  };
}

export interface UdpLiteInput {
  readonly srcPort?: number;
  readonly dstPort?: number;
  /** In bytes, 0 for all. */
  readonly coverage?: number;
  readonly checksum?: number;
}

export function udplite(input: UdpLiteInput = {}): Layer {
  return {
    etherType: -1,
    protocol: IPPROTO_UDPLITE,
    length: udpliteRoom.HEADER_LENGTH,
    write: (bytes, at) =>
      udpRoom.emit(
        {
          srcPort: input.srcPort ?? 40000,
          dstPort: input.dstPort ?? 53,
          length: input.coverage ?? 0,
          checksum: input.checksum ?? 0,
        },
        bytes,
        at,
      ),
    finish(bytes, at, end, pseudo) {
      if (input.checksum === undefined)
        udpliteRoom.fillChecksum(bytes, at, end, pseudo(IPPROTO_UDPLITE, end - at));
    },
  };
}

export interface SctpInput extends Partial<Omit<sctpRoom.SctpRecord, 'chunks'>> {
  readonly chunks: readonly sctpRoom.SctpChunkRecord[];
}

export function sctp(input: SctpInput): Layer {
  const record: sctpRoom.SctpRecord = {
    srcPort: 40000,
    dstPort: 80,
    verificationTag: 0,
    checksum: 0,
    ...input,
  };
  return {
    etherType: -1,
    protocol: IPPROTO_SCTP,
    length: sctpRoom.byteLength(record),
    write: (bytes, at) => sctpRoom.emit(record, bytes, at),
    finish(bytes, at, end) {
      if (input.checksum === undefined) sctpRoom.fillChecksum(bytes, at, end);
    },
  };
}

/** Where Linux takes two ports from, whatever the protocol calls them (proto_ports_offset). */
import {
  IPPROTO_AH,
  IPPROTO_DCCP,
  IPPROTO_ESP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';

/** Their offset in the transport header; -1 for protocols without. ESP's and AH's are the halves of the SPI. */
export function portsOffset(protocol: number): number {
  switch (protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_DCCP:
    case IPPROTO_SCTP:
    case IPPROTO_ESP:
      return 0;
    case IPPROTO_AH:
      return 4;
    default:
      return -1;
  }
}

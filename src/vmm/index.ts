/** Networks for virtual machines: a switch, a gateway with a packet filter, services, the way out; and NICs of VMMs. */
export { AuditFile } from './audit-file.ts';
export { AuditLog } from './audit.ts';
export { OFFENCES } from './guard/guest-guard.ts';
export { parseNetworkFile, parseRate, type NetworkFile } from './network-file.ts';
export { GuestNetwork, type GuestNetworkOptions } from './machine-network.ts';
export { LAN, WAN, type GuestConfig, type NetworkOptions } from './network.ts';
export { loadFileRules, loadRules, parseReservation, type RulesText } from './network-words.ts';
export { formatForward, parseForward, type Forward } from './world/forward.ts';
export type { Forwards } from './world/forwards.ts';
export type { Nic, NicEvents } from './nics/nic.ts';
export { StreamNic, type StreamAddress, type StreamNicOptions } from './nics/stream-nic.ts';
export { DatagramNic, type DatagramAddress } from './nics/datagram-nic.ts';
export { V86Nic, type V86Bus } from './nics/v86-nic.ts';
export { WebSocketNic, type WebSocketNicOptions } from './nics/websocket-nic.ts';
export { makeNic, parseAttachment, vmmWords, type Attachment } from './nics/attachment.ts';

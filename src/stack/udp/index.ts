/** UDP of one host: sockets over its IP. */
export type { Datagram } from './datagrams.ts';
export { UdpSocket, type UdpEvents, type UdpOptions } from './socket.ts';
export { Udp } from './udp.ts';

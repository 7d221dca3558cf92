/**
 * Node's shapes over a simulated host (`import … from 'sluice/net'`): `node:net`, `node:dgram`, HTTP, and clocks that
 * Node's event loop moves. `examples/http-over-lossy-link` is all of it in a few lines.
 */
export { EventLoopClock, HostClock } from './clock.ts';
export { DgramSocket, nodeDgram, NodeDgram, type DgramOptions, type RemoteInfo } from './dgram.ts';
export type { Hosts } from './names.ts';
export { Network, type NetworkHost, type NetworkOptions } from './network.ts';
export { nodeNet, NodeNet, type ConnectOptions, type NodeNetOptions } from './net.ts';
export { Server, type ServerOptions } from './server.ts';
export { Socket } from './socket.ts';

// What a network is made of
export { SeededRng } from '../base/rng.ts';
export { parseHostConfig } from '../stack/config.ts';
export { Host } from '../stack/host.ts';
export { restoreState, saveState, STACK_CLASSES, type SavedState } from '../stack/state/index.ts';
export { connectDevices, Link, NO_IMPAIRMENT, parseNetem, Plugs, type Netem } from '../stack/link/index.ts';
export { NetError, Tcp, type Connection, type ConnectionEvents } from '../stack/tcp/index.ts';
export { Udp, type UdpSocket } from '../stack/udp/index.ts';

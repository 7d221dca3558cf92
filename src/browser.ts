/**
 * The package's face in a browser (`import … from 'sluice/browser'`): hosts, links, TCP and UDP, with web streams for
 * connections. Nothing in here or below uses a Node API.
 */
export { VirtualClock, type Clock, type Timer, type TimeUs } from './base/clock.ts';
export { SluiceError } from './base/errors.ts';
export { SeededRng, type Rng } from './base/rng.ts';
export { parseHostConfig, type HostConfig } from './stack/config.ts';
export { Host, type HostEnv } from './stack/host.ts';
export { connectDevices, Link, NO_IMPAIRMENT, parseNetem, Plugs, type Netem } from './stack/link/index.ts';
export { NetError, stateName, Tcp, type Connection, type ConnectionEvents } from './stack/tcp/index.ts';
export { webStreams, type ByteStreams } from './stack/tcp/web-streams.ts';
export { Udp, type Datagram, type UdpSocket } from './stack/udp/index.ts';
export { describeFrame } from './wire/index.ts';

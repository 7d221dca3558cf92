/**
 * The package's face in a browser (`import … from 'sluice/browser'`); examples/browser/ is a page made with it. Nothing in
 * here or below uses a Node API.
 *
 *     import { createNetwork, GatewayConsole, http, V86Nic } from 'sluice/browser';
 *
 *     const network = await createNetwork({
 *       guests: { linux: new V86Nic(emulator) },
 *       servers: { 'web.example': { addresses: ['203.0.113.80'], ports: { 80: http(() => new Response('hello\n')) } } },
 *     });
 *     const { text } = await new GatewayConsole(network).run('iptables -A FORWARD -p tcp --dport 80 -j REJECT');
 *
 *   guest networks   createNetwork, GatewayConsole, V86Nic, AuditLog     what `sluice net` does, without sockets
 *   servers          http, throughFetch, echo, echoDatagrams             the world behind a guest network
 *   a way out        RelayNic                                            TCP, UDP and ping by a relay of frames
 *   hosts            Host, Tcp, Udp, Link, webStreams                    a network of one's own
 */

// Guest networks
export {
  createNetwork,
  BrowserNetwork,
  type BrowserNetworkOptions,
  type World,
} from './web/browser-network.ts';
export { GatewayConsole, type ConsoleResult } from './web/gateway-console.ts';
export { AuditLog, type AuditEntry, type LineSink } from './vmm/audit.ts';
export type { Nic, NicEvents } from './vmm/nics/nic.ts';
export { RelayNic, type RelaySocket } from './vmm/nics/relay-nic.ts';
export { V86Nic, type V86Like } from './vmm/nics/v86-nic.ts';
export { http, throughFetch, type HttpHandler } from './vmm/servers/http.ts';
export {
  echo,
  echoDatagrams,
  type DatagramService,
  type GuestDatagram,
  type Server,
  type Service,
  type Visit,
} from './vmm/servers/server.ts';
export type { RelayState } from './vmm/world/relay-world.ts';

// Rules
export type { Chain, Rule, Ruleset, Table } from './netfilter/rule.ts';
export { chainsInOrder, parseRestore, printSave, RuleError, saveRule } from './netfilter/syntax/index.ts';

// Hosts and what lies between them
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

/**
 * One host: devices, neighbours, routes, IP input, forwarding and output, fragments, ICMP. Give it a configuration, a
 * clock, chance and a place for its frames; hand it what arrives (`Host.receive`) or what it sends (`Host.send`).
 */
export { parseHostConfig, type HostConfig } from './config.ts';
export { Device, type FrameSink } from './device.ts';
export { HEAD_ROOM, Host, type HostEnv, type PacketFilter } from './host.ts';
export { STACK_SYSCTLS } from './sysctls.ts';

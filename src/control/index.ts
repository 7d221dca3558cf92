/** Running instances take commands over a Unix socket: protocol, server, client. What the commands do is the shell's. */
export { ControlClient, type RunWords } from './client.ts';
export { LIMITS, PROTOCOL_VERSION } from './protocol.ts';
export { checkSocketPath } from './socket-file.ts';
export { ControlServer, type ControlledInstance, type RunIo } from './server.ts';

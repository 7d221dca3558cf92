/** TCP of one host: connections and listeners over its IP. Give it the host; see tcp.ts. */
export { Connection, type ConnectionEvents } from './connection.ts';
export { CONGESTION_CONTROLS } from './congestion/index.ts';
export { NetError, type NetErrorCode } from './errors.ts';
export type { Ends } from './flow.ts';
export { Listener, type ListenOptions } from './listener.ts';
export { stateName, TcpState } from './states.ts';
export { TCP_SYSCTLS } from './sysctls.ts';
export type { ConnectOptions } from './active-open.ts';
export { Tcp, type TcpCounters, WAIT } from './tcp.ts';

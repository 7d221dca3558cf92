/** What assertions of scripts may ask of a connection: fields of Linux's tcp_info, and its constants. */
import type { Connection } from '../../../../src/stack/tcp/connection.ts';
import { TcpState } from '../../../../src/stack/tcp/index.ts';
import { ScriptError } from './script.ts';

const US_PER_MS = 1000;

/** Throws ScriptError for what only Linux counts. */
export function variable(name: string, c: Connection | undefined): number {
  const constant = CONSTANTS[name];
  if (constant !== undefined) return constant;
  const read = INFO[name];
  if (read === undefined) throw new ScriptError(`${name} is Linux's own: not counted here`);
  if (c === undefined) throw new ScriptError(`${name} without a connection`);
  return read(c);
}

const CONSTANTS: Readonly<Record<string, number>> = {
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCP_ESTABLISHED: TcpState.ESTABLISHED,
  TCP_SYN_SENT: TcpState.SYN_SENT,
  TCP_SYN_RECV: TcpState.SYN_RECV,
  TCP_FIN_WAIT1: TcpState.FIN_WAIT1,
  TCP_FIN_WAIT2: TcpState.FIN_WAIT2,
  TCP_TIME_WAIT: TcpState.TIME_WAIT,
  TCP_CLOSE: TcpState.CLOSED,
  TCP_CLOSE_WAIT: TcpState.CLOSE_WAIT,
  TCP_LAST_ACK: TcpState.LAST_ACK,
  TCP_LISTEN: TcpState.LISTEN,
  TCP_CLOSING: TcpState.CLOSING,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  TCPI_OPT_ECN_SEEN: 16,
  TCPI_OPT_SYN_DATA: 32,
  TCP_INFINITE_SSTHRESH: 0x7fffffff,
};

const INFO: Readonly<Record<string, (c: Connection) => number>> = {
  tcpi_state: (c) => c.state,
  tcpi_ca_state: (c) => c.phase,
  tcpi_snd_cwnd: (c) => c.cwnd,
  tcpi_snd_ssthresh: (c) => c.ssthresh,
  tcpi_unacked: (c) => c.packetsOut,
  tcpi_sacked: (c) => c.sackedOut,
  tcpi_lost: (c) => c.lostOut,
  tcpi_retrans: (c) => c.retransOut,
  tcpi_retransmits: (c) => c.retransmits,
  tcpi_backoff: (c) => c.backoff,
  tcpi_probes: (c) => c.probesOut,
  tcpi_reordering: (c) => c.reordering,
  tcpi_snd_mss: (c) => c.mss,
  tcpi_rcv_mss: (c) => c.rcvMss,
  tcpi_advmss: (c) => c.advMss,
  tcpi_pmtu: (c) => c.pathMtu,
  tcpi_rtt: (c) => c.rtt.smoothed8 >> 3,
  tcpi_rto: (c) => c.rtt.rto,
  tcpi_min_rtt: (c) => c.rtt.least,
  tcpi_options: (c) =>
    Number(c.hasTimestamps) |
    (Number(c.hasSack) << 1) |
    (Number(c.hasScaling) << 2) |
    ((c.ecn & 1) << 3) |
    (Number((c.ecn & 8) !== 0) << 4),
  tcpi_snd_wscale: (c) => c.sndScale,
  tcpi_rcv_wscale: (c) => c.rcvScale,
  tcpi_delivered: (c) => c.delivered,
  tcpi_notsent_bytes: (c) => (c.writeSeq - c.sndNxt) | 0,
  tcpi_bytes_acked: (c) => Math.max(0, (c.sndUna - c.iss - 1) | 0),
  tcpi_bytes_received: (c) => (c.received.next - c.irs - 1 - Number(c.finReceived)) | 0,
  tcpi_rcv_space: (c) => c.space,
  tcpi_snd_wnd: (c) => c.sndWnd,
  tcpi_last_data_recv: (c) => Math.floor(((c.tcp.stamp - lastData(c)) | 0) / US_PER_MS),
};

/** Linux counts the handshake as data here. */
function lastData(c: Connection): number {
  return c.ackTimeout === 0 ? (c.tcp.stamp - (c.tcp.clock.now - c.lastHeard)) | 0 : c.lastData;
}

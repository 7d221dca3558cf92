/**
 * The sysctls of connection tracking as plain numbers for the path of a packet, read again only when a sysctl changed.
 * Timeouts are in microseconds here.
 */
import type { Sysctls } from '../../base/sysctl.ts';
import { SctpState } from './sctp-states.ts';
import { TcpState, TCP_TIMEOUT_RETRANS, TCP_TIMEOUT_UNACK, TCP_TIMEOUT_COUNT } from './tcp-states.ts';

const SECOND_US = 1_000_000;

/** Index into the two timeouts of UDP, UDP-Lite and GRE. */
export const UNREPLIED = 0;
export const REPLIED = 1;

/** Linux has no sysctl for it: a connection opened by both ends at once. */
const SYN_SENT2_SECONDS = 120;

export class Settings {
  generation = -1;
  max = 0;
  checksum = true;
  acct = false;
  timestamp = false;
  logInvalid = 0;
  expectMax = 0;
  /** Attach helpers by port (the switch that Linux 6.0 took away). */
  autoHelpers = false;
  tcpLoose = true;
  tcpBeLiberal = false;
  tcpIgnoreInvalidRst = false;
  tcpMaxRetrans = 0;
  readonly tcp = new Float64Array(TCP_TIMEOUT_COUNT);
  readonly udp = new Float64Array(2);
  readonly gre = new Float64Array(2);
  readonly sctp = new Float64Array(9);
  readonly icmp = new Float64Array(1);
  readonly icmpv6 = new Float64Array(1);
  readonly generic = new Float64Array(1);

  read(sysctls: Sysctls): void {
    const get = (name: string): number => sysctls.get(`net.netfilter.nf_conntrack_${name}`);
    const us = (name: string): number => get(name) * SECOND_US;
    this.generation = sysctls.generation;
    this.max = get('max');
    this.checksum = get('checksum') !== 0;
    this.acct = get('acct') !== 0;
    this.timestamp = get('timestamp') !== 0;
    this.logInvalid = get('log_invalid');
    this.expectMax = get('expect_max');
    this.autoHelpers = get('helper') !== 0;
    this.tcpLoose = get('tcp_loose') !== 0;
    this.tcpBeLiberal = get('tcp_be_liberal') !== 0;
    this.tcpIgnoreInvalidRst = get('tcp_ignore_invalid_rst') !== 0;
    this.tcpMaxRetrans = get('tcp_max_retrans');

    const { tcp, udp, gre, sctp } = this;
    tcp[TcpState.NONE] = tcp[TcpState.SYN_SENT] = us('tcp_timeout_syn_sent');
    tcp[TcpState.SYN_RECV] = us('tcp_timeout_syn_recv');
    tcp[TcpState.ESTABLISHED] = us('tcp_timeout_established');
    tcp[TcpState.FIN_WAIT] = us('tcp_timeout_fin_wait');
    tcp[TcpState.CLOSE_WAIT] = us('tcp_timeout_close_wait');
    tcp[TcpState.LAST_ACK] = us('tcp_timeout_last_ack');
    tcp[TcpState.TIME_WAIT] = us('tcp_timeout_time_wait');
    tcp[TcpState.CLOSE] = us('tcp_timeout_close');
    tcp[TcpState.SYN_SENT2] = SYN_SENT2_SECONDS * SECOND_US;
    tcp[TCP_TIMEOUT_RETRANS] = us('tcp_timeout_max_retrans');
    tcp[TCP_TIMEOUT_UNACK] = us('tcp_timeout_unacknowledged');

    udp[UNREPLIED] = us('udp_timeout');
    udp[REPLIED] = us('udp_timeout_stream');
    gre[UNREPLIED] = us('gre_timeout');
    gre[REPLIED] = us('gre_timeout_stream');

    sctp[SctpState.NONE] = sctp[SctpState.CLOSED] = us('sctp_timeout_closed');
    sctp[SctpState.COOKIE_WAIT] = us('sctp_timeout_cookie_wait');
    sctp[SctpState.COOKIE_ECHOED] = us('sctp_timeout_cookie_echoed');
    sctp[SctpState.ESTABLISHED] = us('sctp_timeout_established');
    sctp[SctpState.SHUTDOWN_SENT] = us('sctp_timeout_shutdown_sent');
    sctp[SctpState.SHUTDOWN_RECD] = us('sctp_timeout_shutdown_recd');
    sctp[SctpState.SHUTDOWN_ACK_SENT] = us('sctp_timeout_shutdown_ack_sent');
    sctp[SctpState.HEARTBEAT_SENT] = us('sctp_timeout_heartbeat_sent');

    this.icmp[0] = us('icmp_timeout');
    this.icmpv6[0] = us('icmpv6_timeout');
    this.generic[0] = us('generic_timeout');
  }
}

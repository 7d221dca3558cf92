/**
 * Shell commands of scripts: what they set of TCP is set on the simulated host; what they do to the machine around it
 * (metrics kept of earlier runs, queues that hold nothing back, counters) has no counterpart and is passed over.
 */
import type { Host } from '../../../../src/stack/host.ts';
import type { Tcp } from '../../../../src/stack/tcp/index.ts';
import { ScriptError } from './script.ts';

/** The scripts that upstream's begin with, as far as what they set concerns TCP and is not its default. */
const DEFAULTS =
  'net.ipv4.tcp_rmem="4096 540000 15728640" net.ipv4.tcp_wmem="4096 262144 4194304" net.ipv4.tcp_syn_retries=5 ' +
  'net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_early_retrans=4 net.ipv4.tcp_ecn=0';

const PASSED_OVER =
  /^(#|ip (tcp_metrics|route flush|neigh)|nstat|echo|sleep|true|ethtool -K|tc qdisc (add|replace) dev tun0 root (pfifo|pfifo_fast)\s*$|\S*sysctl_restore_)/;

export class Shell {
  private readonly host: Host;
  private readonly tcp: Tcp;
  private readonly files: Map<string, number>;

  constructor(host: Host, tcp: Tcp, files: Map<string, number>) {
    this.host = host;
    this.tcp = tcp;
    this.files = files;
  }

  run(text: string): void {
    const lines = text.replace(/\\\n/g, ' ').split(/\n|(?<!;);(?!;)/);
    for (const line of lines.map((part) => part.trim())) if (line !== '') this.line(line);
  }

  private line(line: string): void {
    const mtu = /^ip link set (?:dev )?tun0 mtu (\d+)$/.exec(line);
    if (mtu !== null) {
      this.host.devices.named('tun0')!.mtu = Number(mtu[1]);
    } else if (/(^|\/)rm -f \S+$/.test(line)) {
      this.files.delete(line.split(' ').at(-1)!);
    } else if (/(^|\/)dd bs=1 count=\d+ if=\/dev\/zero of=\S+ /.test(line)) {
      const [, count, path] = /count=(\d+).* of=(\S+)/.exec(line)!;
      this.files.set(path!, Number(count));
    } else if (/(^|\/)defaults\.sh$/.test(line)) {
      this.sysctls(DEFAULTS);
    } else if (/(^|\/)(sysctl|set_sysctls\.py)\b/.test(line)) {
      this.sysctls(line);
    } else if (!PASSED_OVER.test(line)) {
      throw new ScriptError(`shell command is not known here: ${line}`);
    }
  }

  private sysctls(line: string): void {
    const plain = line.replace(/\$\(\(([\d*]+)\)\)/g, (_all, product: string) =>
      String(product.split('*').reduce((a, b) => a * Number(b), 1)),
    );
    for (const [, path, quoted, bare] of plain.matchAll(/([\w./]+)=(?:"([^"]*)"|(\S+))/g)) {
      const name = path!.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');
      const values = (quoted ?? bare!).trim().split(/\s+/);
      if (name === 'net.ipv4.tcp_congestion_control') this.congestion(values[0]!);
      else if (values.length > 1) values.forEach((value, i) => this.set(`${name}[${i}]`, value));
      else this.set(name, values[0]!);
    }
  }

  private congestion(name: string): void {
    if (!['cubic', 'reno'].includes(name)) throw new ScriptError(`congestion control ${name} is not there`);
    this.tcp.congestion = name;
  }

  private set(name: string, value: string): void {
    const spec = this.host.sysctls.spec(name);
    const number = name === 'net.ipv4.tcp_ecn' ? WITHOUT_ACCECN[Number(value)]! : Number(value);
    if (spec !== undefined) this.host.sysctls.set(name, Math.min(number, spec.max));
    else if (!WITHOUT_EFFECT.test(name)) throw new ScriptError(`sysctl ${name} is not there`);
  }
}

/** What remains of tcp_ecn where AccECN (3 to 5) is not spoken. */
const WITHOUT_ACCECN = [0, 1, 2, 1, 1, 2];

/** How Linux shares out its work between queues, cards and processors, and what is refused where it is used. */
const WITHOUT_EFFECT =
  /tcp_(min_tso_segs|tso_win_divisor|tso_rtt_log|limit_output_bytes|autocorking|pacing_(ss|ca)_ratio|fastopen\w*|fack|no_metrics_save|min_rtt_wlen|ecn_option\w*|low_latency|comp_sack_\w+|invalid_ratelimit)$|^net\.(core|mptcp)\./;

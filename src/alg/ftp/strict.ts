/** FTP as Sluice treats it: a state machine (control.ts) on the reassembled stream (../line-connection.ts). */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper, ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { LineConnection } from '../line-connection.ts';
import { payloadStart } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { FtpControl } from './control.ts';
import { DataPorts } from './data-port.ts';
import { FTP_POLICIES, FTP_PORT } from './limits.ts';

export class StrictFtp implements CtHelper {
  readonly name = 'ftp';
  readonly family: 4 | 6;
  readonly proto = IPPROTO_TCP;
  readonly port = FTP_PORT;
  readonly policies: readonly ExpectPolicy[] = FTP_POLICIES;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly loose: boolean;
  private readonly connections = new Map<number, LineConnection>();

  constructor(family: 4 | 6, services: AlgServices, loose: boolean) {
    this.family = family;
    this.services = services;
    this.expecting = new Expecting(services);
    this.loose = loose;
  }

  forget(entry: number): void {
    this.connections.delete(entry);
    this.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0) return Verdict.ACCEPT;
    const flow = this.services.flows.packet(entry, this.name, pkt);
    let connection = this.connections.get(entry);
    if (connection === undefined) {
      connection = this.connect(entry, flow);
      this.connections.set(entry, connection);
    }
    return connection.segment(pkt, directionOf(ctInfo), start);
  }

  private connect(entry: number, flow: Flow): LineConnection {
    const { services, expecting, loose } = this;
    return new LineConnection(services, this.name, entry, (edit) => {
      const ports = new DataPorts(entry, this, expecting, loose, edit);
      return new FtpControl(flow, services.flows, ports);
    });
  }
}

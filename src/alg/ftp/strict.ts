/** FTP as Sluice treats it: a state machine (control.ts) on the reassembled stream (../line-connection.ts). */
import type { Family } from '../../netfilter/hook.ts';
import type { Flow } from '../flow-table.ts';
import { LineConnection } from '../line-connection.ts';
import type { AlgServices } from '../services.ts';
import { StreamHelper } from '../stream-helper.ts';
import { FtpControl } from './control.ts';
import { DataPorts } from './data-port.ts';
import { FTP } from './facts.ts';

export class StrictFtp extends StreamHelper {
  private readonly loose: boolean;

  constructor(family: Family, services: AlgServices, loose: boolean) {
    super(FTP, family, services);
    this.loose = loose;
  }

  protected connect(entry: number, flow: Flow): LineConnection {
    const { services, expecting, loose } = this;
    return new LineConnection(services, this.name, entry, (edit) => {
      const ports = new DataPorts(entry, this, expecting, loose, edit);
      return new FtpControl(flow, services.flows, ports);
    });
  }
}

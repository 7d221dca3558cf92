/**
 * The way out by a cable: what is at the gateway's `wan` is not sockets of this machine but whatever the cable leads to. A TAP
 * device leads to the kernel, which routes (and translates) for the network with all that it has.
 *
 *     guests ─ switch ─ gateway (rules, NAT, helpers) ─ uplink ─ cable ─ tap0: kernel
 *
 * Who may have how many connections, and who is reached by which name, is what the gateway's rules say; nobody else looks.
 */
import { SluiceError } from '../../base/errors.ts';
import type { Nic } from '../nics/nic.ts';
import type { World, WorldOptions } from '../surroundings.ts';
import type { PortForwards } from './forward.ts';

export class CableWorld implements World {
  readonly forwards: PortForwards;
  private readonly nic: Nic;
  private readonly options: Pick<WorldOptions, 'clock' | 'toGateway'>;

  constructor(options: Pick<WorldOptions, 'clock' | 'toGateway'>, nic: Nic) {
    this.options = options;
    this.nic = nic;
    this.forwards = {
      list: () => [],
      add: () =>
        Promise.reject(
          new SluiceError(
            'FORWARD',
            `the way out is ${nic.name}: what leads in is up to who is at its other end`,
          ),
        ),
      remove: () => Promise.resolve(false),
    };
  }

  async start(): Promise<void> {
    const { clock, toGateway } = this.options;
    await this.nic.start({
      frame: (bytes, start, end) => {
        clock.catchUp();
        toGateway(bytes, start, end, false);
      },
      link: () => {},
    });
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.nic.transmit(bytes, start, end);
  }

  close(): Promise<void> {
    return this.nic.close();
  }
}

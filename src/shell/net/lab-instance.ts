/** A lab with machines outside as an instance that programs act on: all its hosts and switches, `status` and `forward`. */
import { SluiceError } from '../../base/errors.ts';
import { formatForward, type LabNetwork } from '../../vmm/index.ts';
import { labInstance } from '../lab/instance.ts';
import type { LiveInstance, OwnCommand } from '../live/instance.ts';
import { forward } from './forward.ts';

export function labNetworkInstance(network: LabNetwork): LiveInstance {
  const status: OwnCommand = (_node, args, io) => {
    io.out.write(args.includes('--json') ? `${JSON.stringify(statusOf(network))}\n` : statusText(network));
    return 0;
  };
  const forwarding: OwnCommand = async (_node, args, io) => {
    const { forwards } = network;
    if (forwards === null) throw new SluiceError('FORWARD', 'the lab has no world');
    try {
      return await forward(forwards, args, (text) => io.out.write(text));
    } catch (error) {
      throw error instanceof RangeError ? new SluiceError('FORWARD', error.message) : error;
    }
  };
  return labInstance(
    network.lab,
    new Map([
      ['status', status],
      ['forward', forwarding],
    ]),
  );
}

function statusOf({ machines, forwards, lab }: LabNetwork) {
  return {
    machines: machines.map(({ name, nic, isUp }) => ({ name, nic: nic.name, connected: isUp })),
    forwards: forwards?.list().map(formatForward) ?? [],
    connections: Object.fromEntries(
      [...lab.hosts].map(([name, { gateway }]) => [name, gateway.conntrack.count]),
    ),
  };
}

function statusText(network: LabNetwork): string {
  const { machines, forwards, connections } = statusOf(network);
  return [
    ...machines.map(
      ({ name, nic, connected }) => `${name}: ${connected ? 'connected' : 'not there'}, ${nic}`,
    ),
    ...forwards.map((one) => `forward ${one}`),
    ...Object.entries(connections).map(([host, count]) => `${host}: ${count} connections tracked`),
    '',
  ].join('\n');
}

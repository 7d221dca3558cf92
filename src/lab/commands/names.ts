/** `host` asks for a name (bind9-host), `dhclient` for an address (isc-dhcp-client). */
import { didYouMean } from '../../base/did-you-mean.ts';
import type { Family } from '../../netfilter/hook.ts';
import { formatAddress } from '../../stack/address.ts';
import { formatIp4 } from '../../wire/address.ts';
import { UsageMistake, type LabCommand } from './command.ts';
import { targetOf } from './target.ts';

/** `host NAME`: asks the host's name servers. */
export const host: LabCommand = {
  name: 'host',
  usage: 'host [-6] NAME',
  about: 'Asks for the addresses of a name (with -6 those of IPv6).',
  values: ['address', 'found'],
  start(lab, node, args) {
    const isV6 = args[0] === '-6';
    const [name, ...more] = isV6 ? args.slice(1) : args;
    if (more.length > 0) throw new UsageMistake(host.usage);
    const asked = targetOf(name);
    const family: Family = isV6 ? 6 : 4;
    const lines: string[] = [];
    let address = '';
    lab.host(node).resolver.resolve(asked, family, ({ addresses, error }) => {
      const texts = addresses.map(formatAddress);
      address = texts[0] ?? '';
      const what = isV6 ? 'has IPv6 address' : 'has address';
      lines.push(...texts.map((text) => `${asked} ${what} ${text}`));
      if (texts.length === 0) lines.push(`Host ${asked} ${error}`);
    });
    return {
      finish: () => ({
        output: lines.length > 0 ? lines : [';; connection timed out; no servers could be reached'],
        values: { address, found: address !== '' },
      }),
    };
  },
};

/** `dhclient [-r] [INTERFACE]`: starts anew, or gives the address back; what the client has said so far. */
export const dhclient: LabCommand = {
  name: 'dhclient',
  usage: 'dhclient [-r] [INTERFACE]',
  about: 'Gets an address for an interface that has "dhcp" in the lab file, or with -r gives it back.',
  values: ['address', 'router', 'lease'],
  start(lab, node, args) {
    const releases = args[0] === '-r';
    const [name, ...more] = releases ? args.slice(1) : args;
    if (more.length > 0) throw new UsageMistake(dhclient.usage);
    const { dhcp } = lab.host(node);
    const known = dhcp.map(({ device }) => device.name);
    const found = name === undefined ? dhcp[0] : dhcp.find(({ device }) => device.name === name);
    if (found === undefined) {
      const wanted = name === undefined ? '' : ` "${name}"${didYouMean(name, known)}`;
      throw new UsageMistake(`${node} has no interface${wanted} that gets its address by DHCP`);
    }
    const { client, told } = found;
    const mark = told.length;
    if (releases) client.release();
    else client.start();
    return {
      finish: () => ({
        output: told.slice(mark),
        values: {
          address: client.lease === null ? '' : formatIp4(client.lease.address),
          router: client.lease === null || client.lease.router === 0 ? '' : formatIp4(client.lease.router),
          lease: client.lease?.seconds ?? 0,
        },
      }),
    };
  },
};

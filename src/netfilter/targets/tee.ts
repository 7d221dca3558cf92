/** `-j TEE`: sends a copy of the packet to a machine of the local network. Linux: xt_TEE. */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import { address, formatAddress } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const NAME_MAX = 15;

/** Longer names are cut. */
const interfaceName: ValueType<string> = {
  label: 'name',
  parse: (words) => words[0]!.slice(0, NAME_MAX),
  print: (value) => value,
};

class TeeAction implements TargetAction {
  private readonly host: HostServices;
  private readonly gateway: Int32Array;
  /** Empty for any. */
  private readonly interfaceName: string;

  constructor(host: HostServices, gateway: Int32Array, name: string) {
    this.host = host;
    this.gateway = gateway;
    this.interfaceName = name;
  }

  run(pkt: PacketBuffer, at: HookState): number {
    const { host, interfaceName: name } = this;
    const oif = name === '' ? 0 : host.interfaceIndex(name);
    // An interface that is not there leads nowhere.
    if (name === '' || oif !== 0) host.duplicate(pkt, this.gateway, oif, at.hook);
    return Verdict.CONTINUE;
  }
}

export const tee = defineTarget({
  name: 'TEE',
  about: 'sends a copy of the packet to another machine',
  options: {
    gateway: { value: address, required: true, about: 'the machine, on a network of this host' },
    oif: { value: interfaceName, about: 'the interface that it is reached by' },
  },
  check(info) {
    if (info.gateway!.value.every((word) => word === 0)) throw new ValueError('Invalid argument', 'REFUSED');
  },
  list: (info, family) =>
    `TEE gw:${formatAddress(info.gateway!.value, family)}${info.oif === undefined ? '' : ` oif=${info.oif.value}`}`,
  create: (info, { host }) => new TeeAction(host, info.gateway!.value, info.oif?.value ?? ''),
});

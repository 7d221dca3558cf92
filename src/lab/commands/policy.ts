/** `policy security set`: changes what a vSphere switch accepts of its guests (the words of esxcli). */
import { didYouMean } from '../../base/did-you-mean.ts';
import { VsphereSwitch } from '../../vswitch/index.ts';
import { done, UsageMistake, type LabCommand } from './command.ts';

const OPTIONS = {
  '--allow-promiscuous': 'promiscuous',
  '--allow-forged-transmits': 'forgedTransmits',
  '--allow-mac-change': 'macChanges',
} as const;

export const policy: LabCommand = {
  name: 'policy',
  usage:
    'policy security set [--port PORT] [--allow-promiscuous|--allow-forged-transmits|--allow-mac-change true|false]…',
  about: 'Changes the security policy of a vSphere switch, or of one of its ports.',
  values: [],
  start(lab, node, args) {
    const vsphere = lab.switch(node);
    if (!(vsphere instanceof VsphereSwitch)) throw new UsageMistake(`${node} is no vSphere switch`);
    const [security, set, ...words] = args;
    if (security !== 'security' || set !== 'set' || words.length === 0 || words.length % 2 !== 0) {
      throw new UsageMistake(policy.usage);
    }
    let port: number | null = null;
    const change: Record<string, boolean> = {};
    for (let i = 0; i < words.length; i += 2) {
      const [option, value] = [words[i]!, words[i + 1]!];
      if (option === '--port') port = portOf(vsphere, value);
      else change[keyOf(option)] = flagOf(option, value);
    }
    vsphere.setSecurity(port, change);
    return done([]);
  },
};

function portOf(vsphere: VsphereSwitch, name: string): number {
  const port = vsphere.portNamed(name);
  if (port !== undefined) return port.index;
  const known = vsphere.ports.map((one) => one.name);
  throw new UsageMistake(`no port "${name}"${didYouMean(name, known)}; there are ${known.join(', ')}`);
}

function keyOf(option: string): string {
  if (Object.hasOwn(OPTIONS, option)) return OPTIONS[option as keyof typeof OPTIONS];
  throw new UsageMistake(`no option "${option}"${didYouMean(option, Object.keys(OPTIONS))}`);
}

function flagOf(option: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UsageMistake(`${option} takes true or false, not "${value}"`);
}

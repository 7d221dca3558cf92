/**
 * Asks Debian's kernel in an emulated machine (guest.sh) what bridges with VLAN filtering and bonds do, and writes its answers to
 * where the tests compare with them. Takes some three minutes and no root:
 *
 *     npx tsx test/vswitch/kernel/record.ts
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bondAnswer, bondQuestion } from '../../stack/devices/bond-case.ts';
import { BOND_ANSWERS, BOND_CASES } from '../../stack/devices/bond-cases.ts';
import { kernelAnswer, kernelQuestion } from './bridge-case.ts';
import { writeRecording } from './recording.ts';
import { VLAN_ANSWERS, VLAN_CASES } from './vlan-cases.ts';
import { VLAN_DEVICE_ANSWERS, VLAN_DEVICE_CASES } from './vlan-device-cases.ts';

const GUEST = fileURLToPath(new URL('./guest.sh', import.meta.url));
const MOST_OUTPUT = 1 << 28;

const questions = [
  ...VLAN_CASES.map(kernelQuestion),
  ...VLAN_DEVICE_CASES.map(kernelQuestion),
  ...BOND_CASES.map(bondQuestion),
];
const done = spawnSync('bash', [GUEST], {
  input: questions.map((line) => `${line}\n`).join(''),
  encoding: 'utf8',
  maxBuffer: MOST_OUTPUT,
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [first, ...lines] = done.stdout.trimEnd().split('\n');
if (done.status !== 0 || lines.length !== questions.length) {
  throw new Error(`guest.sh ended with ${done.status}, ${lines.length} of ${questions.length} answered`);
}
const { kernel } = JSON.parse(first!) as { kernel: string };
const bonds = lines.splice(VLAN_CASES.length + VLAN_DEVICE_CASES.length);
const vlanDevices = lines.splice(VLAN_CASES.length);
writeRecording(VLAN_ANSWERS, { kernel, answers: lines.map(kernelAnswer) });
writeRecording(VLAN_DEVICE_ANSWERS, { kernel, answers: vlanDevices.map(kernelAnswer) });
writeRecording(BOND_ANSWERS, { kernel, answers: bonds.map(bondAnswer) });
process.stdout.write(`${kernel}: ${lines.length + vlanDevices.length} bridges, ${bonds.length} bonds\n`);

/** Sluice as its users start it: `sluice replay` on temporary files, its lines read back as an answer. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAnswer } from '../../src/conform/answer-lines.ts';
import { formatPcap } from '../../src/conform/pcap.ts';
import { byInterface, paced, withFiles, type Engine } from '../../src/conform/sluice.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));

export const askSluice: Engine = ({ rules, gateway, input }, sentAt) =>
  withFiles(async (file) => {
    const args = ['replay', '--json', '--gateway', file('gateway.yaml', JSON.stringify(gateway))];
    args.push('--rules', file('rules.v4', rules.v4 ?? ''));
    if (rules.v6 !== undefined) args.push('--rules6', file('rules.v6', rules.v6));
    for (const [iface, frames] of byInterface(paced(input, sentAt), gateway)) {
      args.push('--in', `${iface}=${file(`in.${iface}.pcap`, formatPcap(frames))}`);
    }
    return parseAnswer(await runSluice(args));
  });

function runSluice(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(output);
      else reject(new Error(`sluice replay ended with status ${status}: ${complaints.trim()}`));
    });
  });
}

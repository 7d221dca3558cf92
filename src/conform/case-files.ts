/**
 * A case as files of one folder:
 *
 *     rules.v4, rules.v6   in iptables-save format; either may be missing
 *     gateway.yaml         the gateway (missing: that of the folder above)
 *     frames.yaml          a list of { in: IFACE, frame: HEX } and { wait: SECONDS }; or
 *     in.IFACE.pcap        captures, merged by time; or
 *     frames.ts            a module that exports the steps as `steps`, where TypeScript can be loaded
 *     kernel.jsonl         what the kernel answered when the case was recorded
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, stringify } from 'yaml';
import { formatRecord, parseAnswer } from './answer-lines.ts';
import type { KernelAnswer, KernelCase, Step } from './kernel/ask.ts';
import { parseGateway } from './kernel/gateway-file.ts';
import { mergeInputs, readPcap } from './pcap.ts';

const RECORD = 'kernel.jsonl';

export async function loadCase(folder: string): Promise<KernelCase> {
  const read = (file: string): string | undefined => {
    const path = join(folder, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const gateway = read('gateway.yaml') ?? read('../gateway.yaml');
  if (gateway === undefined) throw new Error(`${folder}: no gateway.yaml, here or in the folder above`);
  const [v4, v6] = [read('rules.v4'), read('rules.v6')];
  return {
    gateway: parseGateway(gateway, `${basename(folder)}/gateway.yaml`),
    rules: { ...(v4 === undefined ? {} : { v4 }), ...(v6 === undefined ? {} : { v6 }) },
    input: await loadSteps(folder),
  };
}

async function loadSteps(folder: string): Promise<readonly Step[]> {
  const module = join(folder, 'frames.ts');
  if (existsSync(module)) return ((await import(pathToFileURL(module).href)) as { steps: Step[] }).steps;
  const list = join(folder, 'frames.yaml');
  if (existsSync(list)) return (parse(readFileSync(list, 'utf8')) as ListedStep[]).map(listedStep);
  const captures = readdirSync(folder).flatMap((file) => /^in\.(.+)\.pcap$/.exec(file)?.[1] ?? []);
  if (captures.length === 0) throw new Error(`${folder}: no frames.ts, frames.yaml or in.IFACE.pcap`);
  return mergeInputs(
    captures.map((iface) => ({ iface, frames: readPcap(join(folder, `in.${iface}.pcap`)) })),
  );
}

type ListedStep = { readonly in: string; readonly frame: string } | { readonly wait: number };

function listedStep(step: ListedStep, i: number): Step {
  if ('wait' in step) return step;
  return { iface: step.in, time: i / 1000, frame: Uint8Array.from(Buffer.from(step.frame, 'hex')) };
}

/** @param answer - the kernel's, to be recorded; without it the case is one of questions only */
export function saveCase(folder: string, question: KernelCase, answer?: KernelAnswer): void {
  const { rules, gateway, input } = question;
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  if (rules.v4) write('rules.v4', rules.v4);
  if (rules.v6) write('rules.v6', rules.v6);
  write('gateway.yaml', stringify(gateway));
  const steps = input.map((step) =>
    'wait' in step ? step : { in: step.iface, frame: Buffer.from(step.frame).toString('hex') },
  );
  write('frames.yaml', stringify(steps, { lineWidth: 0 }));
  if (answer !== undefined) saveRecord(folder, question, answer);
}

export function saveRecord(folder: string, question: KernelCase, answer: KernelAnswer): void {
  writeFileSync(join(folder, RECORD), formatRecord(question, answer));
}

/** The kernel's recorded answer; null where none is. */
export function loadRecord(folder: string): KernelAnswer | null {
  const path = join(folder, RECORD);
  return existsSync(path) ? parseAnswer(readFileSync(path, 'utf8')) : null;
}

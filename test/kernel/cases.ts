/**
 * The conformance cases: one folder each under cases/, with rules and frames, and the kernel's recorded answer.
 *
 *     rules.v4, rules.v6   in iptables-save format; either may be missing
 *     gateway.yaml         the gateway (missing: cases/gateway.yaml)
 *     frames.ts            exports the steps as `steps`, made with flow.ts; or
 *     frames.yaml          a list of { in: IFACE, frame: HEX } and { wait: SECONDS }; or
 *     in.IFACE.pcap        captures, merged by time
 *     kernel.jsonl         what the kernel answered when `npx tsx test/kernel/record.ts` was last run
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KernelCase, Step } from '../../src/conform/kernel/ask.ts';
import { parseGateway } from '../../src/conform/kernel/gateway-file.ts';
import { mergeInputs, readPcap } from '../../src/conform/pcap.ts';

const FOLDER = fileURLToPath(new URL('./cases/', import.meta.url));

export function caseNames(): string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export async function loadCase(name: string): Promise<KernelCase> {
  const read = (file: string): string | undefined => {
    const path = join(FOLDER, name, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const gateway = read('gateway.yaml') ?? readFileSync(join(FOLDER, 'gateway.yaml'), 'utf8');
  const [v4, v6] = [read('rules.v4'), read('rules.v6')];
  return {
    gateway: parseGateway(gateway, `${name}/gateway.yaml`),
    rules: { ...(v4 === undefined ? {} : { v4 }), ...(v6 === undefined ? {} : { v6 }) },
    input: await loadSteps(join(FOLDER, name)),
  };
}

export function recordedAnswerPath(name: string): string {
  return join(FOLDER, name, 'kernel.jsonl');
}

async function loadSteps(folder: string): Promise<Step[]> {
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

/** Files as the command line names them, read into a question: rules, a gateway, captures on its interfaces. */
import { readFileSync } from 'node:fs';
import type { KernelCase } from './kernel/ask.ts';
import { bareGateway, parseGateway } from './kernel/gateway-file.ts';
import { mergeInputs, readPcap } from './pcap.ts';

export interface CaseFiles {
  readonly rules?: string | undefined;
  readonly rules6?: string | undefined;
  readonly gateway?: string | undefined;
  /** `IFACE=CAPTURE`, in order. */
  readonly in: readonly string[];
}

export function readCase(files: CaseFiles): KernelCase {
  const inputs = files.in.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--in takes IFACE=CAPTURE, not "${text}"`);
    return { iface: text.slice(0, at), frames: readPcap(text.slice(at + 1)) };
  });
  return {
    rules: {
      ...(files.rules === undefined ? {} : { v4: readFileSync(files.rules, 'utf8') }),
      ...(files.rules6 === undefined ? {} : { v6: readFileSync(files.rules6, 'utf8') }),
    },
    gateway:
      files.gateway === undefined
        ? bareGateway(inputs.map(({ iface }) => iface))
        : parseGateway(readFileSync(files.gateway, 'utf8'), files.gateway),
    input: mergeInputs(inputs),
  };
}

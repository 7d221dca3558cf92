/** `sluice shell`, run: a file or a socket to something to act on, and the prompt to it. */
import { parseConfigFile } from '../../base/config-file.ts';
import { ControlClient } from '../../control/index.ts';
import { isLabFile, Lab, parseLab } from '../../lab/index.ts';
import { readTextFile } from '../../replay/text-file.ts';
import { gatewayInstance } from '../../shell/live/gateway-instance.ts';
import { captureFilesBeside } from '../../shell/lab/capture-files.ts';
import { labInstance } from '../../shell/lab/instance.ts';
import { ofClient, type Target } from '../../shell/prompt/target.ts';
import { runShell } from '../../shell/prompt/terminal.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { ShellOptions } from './shell.ts';

export async function runShellCommand(
  file: string | undefined,
  options: ShellOptions,
  io: Io,
): Promise<number> {
  const socket = options.socket ?? (file === undefined ? io.env['SLUICE_SOCKET'] : undefined);
  if ((file === undefined) === (socket === undefined)) {
    throw new UsageError('name a lab file or a gateway file, or a control socket (--socket PATH)', 'shell');
  }
  if (socket === undefined) return prompt(targetOf(file!, options), io);
  const client = await ControlClient.connect(socket);
  try {
    return await prompt(ofClient(client), io);
  } finally {
    client.close();
  }
}

function targetOf(file: string, { rules, rules6 }: ShellOptions): Target {
  const source = readTextFile(file);
  if (isLabFile(source)) {
    return labInstance(new Lab(parseLab(source), { files: captureFilesBeside(source.file) }));
  }
  const texts = ([4, 6] as const).flatMap((family) => {
    const path = family === 4 ? rules : rules6;
    return path === undefined ? [] : [{ family, ...readTextFile(path) }];
  });
  return gatewayInstance(parseConfigFile(source), texts);
}

/** What the shell prints is not gathered: others may write to the terminal as well. */
export function prompt(target: Target, io: Io): Promise<number> {
  const say = (output: Io['out']) => (text: string) => {
    output.write(text);
    output.flush();
  };
  return runShell(
    target,
    process.stdin,
    process.stdout,
    { out: say(io.out), err: say(io.err), cwd: process.cwd(), now: () => Date.now() * 1000 },
    io.env,
  );
}

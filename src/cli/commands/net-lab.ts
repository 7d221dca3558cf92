/** `sluice net up LAB`: a lab in real time, with the virtual machines and the world that it names, until a signal stops it. */
import { once } from 'node:events';
import { parseLab } from '../../lab/index.ts';
import { captureFilesBeside } from '../../shell/lab/capture-files.ts';
import { serveControl } from '../../shell/live/instance.ts';
import { labNetworkInstance } from '../../shell/net/lab-instance.ts';
import { formatForward, LabNetwork } from '../../vmm/index.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { NetOptions } from './net.ts';

/** What a lab takes from the command line; all else stands in its file. */
const OPTIONS: readonly (keyof NetOptions)[] = ['socket', 'json'];

export async function upLab(
  source: { readonly text: string; readonly file: string },
  controlPath: () => Promise<string>,
  options: NetOptions,
  io: Io,
): Promise<number> {
  const given = Object.entries(options).find(
    ([name, value]) =>
      !(OPTIONS as readonly string[]).includes(name) &&
      value !== undefined &&
      !(Array.isArray(value) && value.length === 0),
  );
  if (given !== undefined) throw new UsageError(`--${given[0]}: a lab says this in its file`, 'net');
  const say = (object: object, text: string) => {
    io.out.write(options.json === true ? `${JSON.stringify(object)}\n` : `${text}\n`);
    io.out.flush();
  };
  const network = new LabNetwork(parseLab(source), captureFilesBeside(source.file), {
    link: (name, up) => say({ type: 'link', name, up }, `${name}: ${up ? 'connected' : 'gone'}`),
    complaint: (message) => {
      complain(io, message);
      io.err.flush();
    },
  });
  const path = await controlPath();
  const control = await serveControl(labNetworkInstance(network), path);
  try {
    await network.start();
    for (const { name, nic, words } of network.machines)
      say(
        { type: 'machine', name, words },
        words.length > 0 ? `${name}: … ${words.join(' ')}` : `${name}: ${nic.name}`,
      );
    for (const one of network.forwards?.list() ?? [])
      say({ type: 'forward', forward: formatForward(one) }, `forward ${formatForward(one)}`);
    say({ type: 'control', path }, `control ${path}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await network.close();
  } finally {
    await control.close();
  }
  return ExitStatus.DONE;
}

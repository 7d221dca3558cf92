/** `sluice lab`, run. */
import { SluiceError } from '../../base/errors.ts';
import { checkSteps, drawLab, Lab, parseLab, runSteps, stepText, totalText } from '../../lab/index.ts';
import { FdOutput } from '../../replay/report/output.ts';
import { readTextFile } from '../../replay/text-file.ts';
import { captureFilesBeside } from '../../shell/lab/capture-files.ts';
import { labInstance } from '../../shell/lab/instance.ts';
import { record } from '../../shell/lab/recordings.ts';
import { serveControl } from '../../shell/live/instance.ts';
import { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { LabCommandOptions } from './lab.ts';
import { prompt } from './shell-run.ts';

export async function runLabCommand(
  action: string,
  file: string,
  options: LabCommandOptions,
  io: Io,
): Promise<number> {
  if (!['run', 'shell', 'draw'].includes(action)) {
    throw new UsageError(`run, shell or draw a lab, not "${action}"`, 'lab');
  }
  const lab = new Lab(parseLab(readTextFile(file)), { files: captureFilesBeside(file) });
  if (action === 'draw') return draw(lab, options, io);
  const close = options.capture.map((word) => startCapture(lab, word));
  try {
    return action === 'run' ? run(lab, options, io) : await shell(lab, options, io);
  } finally {
    for (const one of close) one();
    lab.close();
  }
}

function run(lab: Lab, options: LabCommandOptions, io: Io): number {
  const reports = runSteps(lab, (report) => {
    io.out.write(stepText(report, { frames: options.frames === true }));
  });
  io.out.write(totalText(reports));
  return reports.some(({ failures }) => failures.length > 0) ? ExitStatus.NOT_MET : ExitStatus.DONE;
}

function draw(lab: Lab, { step, output }: LabCommandOptions, io: Io): number {
  checkSteps(lab);
  const reports = step === undefined ? [] : runSteps(lab);
  if (step !== undefined && step > reports.length) {
    throw new UsageError(`the lab has ${reports.length} steps, not ${step}`, 'lab');
  }
  const picture = drawLab(lab.topology, step === undefined ? [] : reports[step - 1]!.crossings);
  if (output === undefined || output === '-') io.out.write(picture);
  else {
    const target = FdOutput.create(output);
    target.write(picture);
    target.close();
  }
  return ExitStatus.DONE;
}

async function shell(lab: Lab, { socket }: LabCommandOptions, io: Io): Promise<number> {
  const instance = labInstance(lab);
  const server = socket === undefined ? null : await serveControl(instance, socket);
  try {
    return await prompt(instance, io);
  } finally {
    await server?.close();
  }
}

function startCapture(lab: Lab, word: string): () => void {
  const equals = word.indexOf('=');
  if (equals <= 0) throw new UsageError(`--capture takes NODE:PORT=FILE, not "${word}"`, 'lab');
  try {
    return record(lab, word.slice(0, equals), word.slice(equals + 1));
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'USAGE') throw new UsageError(error.message, 'lab');
    throw error;
  }
}

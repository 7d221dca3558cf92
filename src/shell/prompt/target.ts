/** What a prompt acts on: an instance in this process, or one that runs elsewhere, behind its control socket. */
import type { ControlClient } from '../../control/index.ts';
import type { CallerIo, LiveInstance } from '../live/instance.ts';

export interface Target {
  readonly kind: string;
  readonly nodes: readonly string[];
  readonly programs: readonly string[];
  /** Time passes only while somebody waits for something. */
  readonly isVirtual: boolean;
  /** Runs a command on a node; its exit status. */
  command(node: string, argv: readonly string[], io: CallerIo): Promise<number>;
}

export function ofInstance(instance: LiveInstance): Target {
  return instance;
}

export function ofClient(client: ControlClient): Target {
  const { kind, nodes, programs } = client.hello;
  return {
    kind,
    nodes,
    programs,
    isVirtual: kind !== 'network',
    command: (node, argv, io) =>
      client.run(
        { argv, node },
        {
          out: (text) => io.out.write(text),
          err: (text) => io.err.write(text),
          readInput: async () => io.readInput(),
          cwd: io.cwd,
          cancelled: io.cancelled,
          pointAt: (word) => io.pointAt?.(word),
        },
      ),
  };
}

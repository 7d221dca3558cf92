/** A session on a lab of two hosts and a gateway between them. */
import { Lab, parseLab } from '../../../src/lab/index.ts';
import { labInstance } from '../../../src/shell/lab/instance.ts';
import { Session } from '../../../src/shell/prompt/session.ts';
import type { Target } from '../../../src/shell/prompt/target.ts';

const LAB = `
topology:
  nodes:
    fw: { kind: gateway, interfaces: { eth0: 10.0.0.1/24, eth1: 10.1.0.1/24 } }
    a: { interfaces: { eth0: 10.0.0.2/24 }, gateway: 10.0.0.1 }
    b: { interfaces: { eth0: 10.1.0.2/24 }, gateway: 10.1.0.1, services: { 80: hello } }
    sw: { kind: switch, model: learning }
  links:
    - endpoints: ['a:eth0', 'sw:p1']
    - endpoints: ['sw:p2', 'fw:eth0']
    - endpoints: ['b:eth0', 'fw:eth1']
`;

export class Desk {
  readonly lab = new Lab(parseLab({ text: LAB, file: 'lab.yaml' }));
  readonly target: Target = this.targetOf(this.lab);
  readonly session: Session;
  out = '';
  err = '';

  constructor(cwd = '/') {
    this.session = new Session(this.target, {
      out: (text) => void (this.out += text),
      err: (text) => void (this.err += text),
      cwd,
      now: () => 0,
    });
  }

  protected targetOf(lab: Lab): Target {
    return labInstance(lab);
  }

  /** A line; what it printed, and its status. */
  async enter(
    line: string,
  ): Promise<{ readonly out: string; readonly err: string; readonly status: number }> {
    this.out = this.err = '';
    const status = await this.session.enter(line, this.session.prompt.length);
    return { out: this.out, err: this.err, status };
  }
}

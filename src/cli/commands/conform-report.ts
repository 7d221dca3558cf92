/** What `sluice conform` prints: what differs as it is found, how far it is meanwhile, and the summary line. */
import { release } from 'node:os';
import { formatTally, type CampaignListener, type CaseResult, type Tally } from '../../conform/index.ts';
import { escapeText } from '../../replay/report/index.ts';
import type { Io } from '../io.ts';
import { ProgressLine } from '../progress-line.ts';

export interface ConformReportOptions {
  readonly json?: boolean | undefined;
  readonly progress?: boolean | undefined;
}

export class ConformReport implements CampaignListener {
  readonly #io: Io;
  readonly #json: boolean;
  readonly #progress: ProgressLine;
  readonly #tally: Tally;
  readonly #began = performance.now();
  #ended = false;

  constructor(io: Io, { json, progress }: ConformReportOptions, tally: Tally) {
    this.#io = io;
    this.#json = json === true;
    this.#progress = new ProgressLine(io.err, progress ?? io.errIsTerminal);
    this.#tally = tally;
  }

  begin(name: string, tally: Tally): void {
    this.#progress.show(() => `${formatTally(tally)}  ${escapeText(name)}`);
  }

  result({ name, outcome, report, kept }: CaseResult): void {
    const { out } = this.#io;
    this.#progress.clear();
    if (this.#json) {
      const { kind, packets } = outcome;
      const differences = kind === 'differs' ? outcome.comparison.differences : 0;
      const message = kind === 'refused' ? { message: outcome.message } : {};
      const found = kind === 'differs' ? { report, kept } : {};
      out.write(
        `${JSON.stringify({ type: 'case', name, outcome: kind, packets, differences, ...message, ...found })}\n`,
      );
    } else if (outcome.kind === 'undecided') {
      out.write(`${escapeText(name)}: undecided, ${outcome.why}\n`);
    } else if (outcome.kind === 'refused') out.write(`${escapeText(`${name}: ${outcome.message}`)}\n`);
    else if (outcome.kind === 'differs') {
      const where = kept === null ? [] : [`kept in ${kept}`];
      out.write(`${[`── ${name}`, ...report, ...where].map(escapeLines).join('\n')}\n\n`);
    }
    out.flush();
  }

  /** The summary line, once: at the end or when interrupted. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#progress.clear();
    const { out } = this.#io;
    if (this.#json) {
      const seconds = Number(((performance.now() - this.#began) / 1000).toFixed(3));
      const kernel = `Linux ${release()}`;
      out.write(`${JSON.stringify({ type: 'summary', ...this.#tally, seconds, kernel })}\n`);
    } else out.write(`${formatTally(this.#tally)}\n`);
    out.flush();
  }
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

/** The rules in force, table by table, each with its counters and a way to delete it. */
import { chainsInOrder, saveRule, type Chain, type Rule } from 'sluice/browser';
import type { BrowserNetwork } from 'sluice/browser';

const TABLES = ['filter', 'nat'] as const;
const REFUSES = /-j (REJECT|DROP)/;

export class RulesView {
  /** A rule was picked, to be changed. */
  onPick: (command: string) => void = () => {};
  private readonly root: HTMLElement;
  private readonly gateway: BrowserNetwork['gateway'];
  private readonly obey: (command: string) => void;
  /** Of each row what it showed last. */
  private shown = '';
  private counts: readonly number[] = [];

  /** @param obey - carries out a command */
  constructor(root: HTMLElement, gateway: BrowserNetwork['gateway'], obey: (command: string) => void) {
    this.root = root;
    this.gateway = gateway;
    this.obey = obey;
  }

  /** Brings the view up to date; rows stay where they are while only counters change. */
  show(): void {
    const rows: HTMLElement[] = [];
    const counts: number[] = [];
    for (const name of TABLES) {
      const table = this.gateway.netfilter.ruleset(4)?.tables.get(name);
      if (table === undefined) continue;
      for (const chain of chainsInOrder(table)) {
        if (name !== 'filter' && chain.rules.length === 0) continue;
        rows.push(heading(name, chain));
        for (const [i, rule] of chain.rules.entries()) {
          counts.push(rule.packets);
          rows.push(this.row(name, chain, rule, i + 1));
        }
      }
    }
    const now = rows.map((row) => row.textContent).join('\n');
    if (now === this.shown) return;
    this.shown = now;
    const rules = rows.filter((row) => row.classList.contains('rule'));
    if (counts.length === this.counts.length)
      rules.forEach((row, i) => row.classList.toggle('hit', counts[i]! > this.counts[i]!));
    this.counts = counts;
    this.root.replaceChildren(...rows);
  }

  private row(table: string, chain: Chain, rule: Rule, number: number): HTMLElement {
    const row = document.createElement('div');
    row.className = 'rule';
    const text = saveRule(rule, 4).trim();
    const from = table === 'filter' ? '' : `-t ${table} `;
    const words = cell('text', text);
    words.classList.toggle('refuses', REFUSES.test(text));
    words.title = 'change';
    words.onclick = () => this.onPick(`${from}-R ${chain.name} ${number} ${text}`);
    const remove = document.createElement('button');
    remove.textContent = '✕';
    remove.title = 'delete';
    remove.onclick = () => this.obey(`${from}-D ${chain.name} ${number}`);
    row.append(cell('count', String(rule.packets)), cell('count', String(rule.bytes)), words, remove);
    return row;
  }
}

function heading(table: string, chain: Chain): HTMLElement {
  const row = document.createElement('div');
  row.className = 'chain';
  const name = document.createElement('b');
  name.textContent = chain.name;
  row.append(`${table} `, name, chain.policy === null ? '' : ` policy ${chain.policy}`);
  return row;
}

function cell(kind: string, text: string): HTMLElement {
  const one = document.createElement('span');
  one.className = kind;
  one.textContent = text;
  return one;
}

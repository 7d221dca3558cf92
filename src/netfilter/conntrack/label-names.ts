/**
 * Names of connection labels: what iptables and conntrack read out of /etc/xtables/connlabel.conf, a number and a name a line.
 * Linux knows numbers only. The first of two names for one number counts, and the first of two numbers for one name.
 *
 * Source: libnetfilter_conntrack's labelmap, by observation: what is no such line is passed over.
 */

/** A number as strtol reads it, then the name: letters, digits, `-`, and spaces within. */
const LINE = /^\s*(0[xX][0-9a-fA-F]+|[0-9]+)[ \t]*([A-Za-z0-9-](?:[A-Za-z0-9 -]*[A-Za-z0-9-])?)\s*$/;

export class LabelNames {
  private readonly numbers = new Map<string, number>();
  private readonly names = new Map<number, string>();

  /** Takes what the text says, besides what is known. */
  read(text: string): void {
    for (const line of text.split('\n')) {
      const [, number, name] = LINE.exec(line) ?? [];
      if (number === undefined || name === undefined) continue;
      this.add(strtol(number), name);
    }
  }

  get isEmpty(): boolean {
    return this.names.size === 0;
  }

  get all(): readonly string[] {
    return [...this.numbers.keys()];
  }

  numberOf(name: string): number | undefined {
    return this.numbers.get(name);
  }

  nameOf(number: number): string | undefined {
    return this.names.get(number);
  }

  private add(number: number, name: string): void {
    if (this.names.has(number) || this.numbers.has(name)) return;
    this.names.set(number, name);
    this.numbers.set(name, number);
  }
}

/** With base 0: a leading zero makes it octal. */
function strtol(digits: string): number {
  return /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
}

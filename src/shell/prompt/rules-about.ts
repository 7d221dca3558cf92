/** What the programs that know rules are for, in a line each. */
const PROGRAMS = [
  ['tables', 'tables [-t TABLE] COMMAND [CHAIN] [RULE] [OPTIONS]', 'Lists and changes the rules'],
  ['tables-save', 'tables-save [-c] [-t TABLE]', 'Prints the rules as tables-restore reads them'],
  ['tables-restore', 'tables-restore [-c] [-n] [-t] [FILE]', 'Replaces the rules by those of a file'],
] as const;

export const RULES_ABOUT: Readonly<Record<string, { readonly usage: string; readonly about: string }>> =
  Object.fromEntries(
    (['ip', 'ip6'] as const).flatMap((family) =>
      PROGRAMS.map(([name, usage, about]) => [
        `${family}${name}`,
        {
          usage: `${family}${usage}`,
          about: `${about.replace(/(?<= )tables/, `${family}tables`)} (${family === 'ip' ? 'IPv4' : 'IPv6'}).`,
        },
      ]),
    ),
  );

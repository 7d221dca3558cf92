/** What a command's end says, the same for all commands. */
export const ExitStatus = {
  DONE: 0,
  NOT_MET: 1,
  USAGE: 2,
  CUT: 3,
  /** EX_SOFTWARE of sysexits(3). */
  DEFECT: 70,
  /** 128 + SIGPIPE, as a shell reports a program that the signal ended. */
  PIPE: 141,
} as const;

export const EXIT_STATUSES: readonly { readonly status: number; readonly about: string }[] = [
  { status: ExitStatus.DONE, about: 'done' },
  { status: ExitStatus.NOT_MET, about: 'an expectation of yours did not hold' },
  {
    status: ExitStatus.USAGE,
    about: 'usage, or input that cannot be read; standard error says where and what is wrong',
  },
  {
    status: ExitStatus.CUT,
    about: 'the input ended early (a cut capture); everything before the cut was processed and reported',
  },
  { status: ExitStatus.DEFECT, about: 'a defect in Sluice; set SLUICE_DEBUG=1 to see where' },
  { status: ExitStatus.PIPE, about: 'whoever read standard output went away before the end' },
];

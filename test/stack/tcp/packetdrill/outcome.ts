/** What a system call of a script gives: a value, an error's name, or nothing yet. */
export type Outcome = number | string | 'pending';

/** What a call wrote where its argument points is not what the script says. */
export class WrongValue extends Error {}

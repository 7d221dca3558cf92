/** How a learning switch snoops: under the kernel's names; times in microseconds. Defaults are in ../config.ts. */
export interface SnoopingConfig {
  readonly querier: boolean;
  /** 2 or 3, 1 or 2: whether members are known with their sources. */
  readonly igmpVersion: number;
  readonly mldVersion: number;
  readonly membershipInterval: number;
  readonly querierInterval: number;
  readonly queryInterval: number;
  readonly queryResponseInterval: number;
  readonly startupQueryInterval: number;
  readonly startupQueryCount: number;
  readonly lastMemberInterval: number;
  readonly lastMemberCount: number;
  readonly hashMax: number;
}

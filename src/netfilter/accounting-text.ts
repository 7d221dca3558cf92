/** Accounting objects as `nfacct list` prints them. */
import type { AccountingObject } from './named-objects.ts';

const COUNTER_DIGITS = 20;

export function describeAccounting({ name, packets, bytes, quota, isOver }: AccountingObject): string {
  const limit =
    quota === null
      ? ''
      : `, quota = ${counterDigits(quota.amount)}, mode = ${accountingUnit(quota)}, overquota = ${isOver ? 'yes' : 'no'}`;
  return `{ pkts = ${counterDigits(packets)}, bytes = ${counterDigits(bytes)}${limit} } = ${name};`;
}

export function counterDigits(value: number): string {
  return BigInt(value).toString().padStart(COUNTER_DIGITS, '0');
}

export function accountingUnit(quota: NonNullable<AccountingObject['quota']>): 'packet' | 'byte' {
  return quota.of === 'packets' ? 'packet' : 'byte';
}

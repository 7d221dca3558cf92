/**
 * What is wrong with a command about sets, in ipset's words, and the status that the program ends with: 2 when it shows how
 * it is used, else 1.
 */
export class SetError extends Error {
  readonly status: 1 | 2;

  constructor(message: string, status: 1 | 2 = 1) {
    super(message);
    this.name = 'SetError';
    this.status = status;
  }
}

/** What the kernel's refusals are called. */
export const REFUSED = {
  NO_SET: 'The set with the given name does not exist',
  SET_EXISTS: 'Set cannot be created: set with the same name already exists',
  IN_USE: 'Set cannot be destroyed: it is in use by a kernel component',
  RENAME_EXISTS: 'Set cannot be renamed: a set with the new name already exists',
  RENAME_IN_USE: 'Set cannot be renamed: it is in use by another system',
  SWAP_NO_SECOND: 'Sets cannot be swapped: the second set does not exist',
  SWAP_TYPES: 'The sets cannot be swapped: their type does not match',
  TOO_MANY_SETS: 'Kernel error received: maximal number of sets reached, cannot create more.',
  ADDED: "Element cannot be added to the set: it's already added",
  NOT_ADDED: "Element cannot be deleted from the set: it's not added",
  HASH_FULL: 'Hash is full, cannot add more elements',
  NULL_ELEMENT: 'Null-valued element, cannot be stored in a hash type of set',
  BAD_CIDR: 'The value of the CIDR parameter of the IP address is invalid',
  BAD_NETMASK: 'The value of the netmask parameter is invalid',
  WHOLE_SPACE: 'Invalid range, covers the whole address space',
  NO_TIMEOUTS: 'Timeout cannot be used: set was created without timeout support',
  NO_COUNTERS: 'Packet/byte counters cannot be used: set was created without counter support',
  NO_COMMENTS: 'Comment cannot be used: set was created without comment support',
  NO_SKBINFO: 'Skbinfo mapping cannot be used: set was created without skbinfo support',
  OUT_OF_RANGE: 'Element is out of the range of the set',
  RANGE_TOO_LARGE: 'The range you specified exceeds the size limit of the set type',
  MEMBER_MISSING: 'Set to be added/deleted/tested as element does not exist.',
  MEMBER_IS_LIST: 'Sets with list:set type cannot be added to the set.',
  REFERENCE_MISSING: "The set to which you referred with 'before' or 'after' does not exist.",
  REFERENCE_NOT_ADDED: "The set to which you referred with 'before' or 'after' is not added to the set.",
  LIST_FULL: 'The set is full, more elements cannot be added.',
} as const;

export function refuse(what: keyof typeof REFUSED): SetError {
  return new SetError(REFUSED[what]);
}

/**
 * `-m esp`: the security parameters index of IPsec's ESP. Linux: xt_esp.
 */
import { defineMatch } from '../extension.ts';
import * as esp from '../../wire/esp.ts';
import { IPPROTO_ESP } from '../../wire/ip-protocol.ts';
import { SpiTest } from './spi-test.ts';
import { isAllNumbers, listSomeRange, u32Range } from './u32-range.ts';

const FIELD = { headerLength: esp.HEADER_LENGTH, spi: esp.spi };

export const espMatch = defineMatch({
  name: 'esp',
  about: 'the security parameters index of ESP (IPsec)',
  protocols: [IPPROTO_ESP],
  options: {
    spi: {
      value: u32Range('spi[:spi]'),
      name: 'espspi',
      negate: true,
      omit: isAllNumbers,
      about: 'one index, or a range with both ends',
    },
  },
  list(info) {
    const spis = listSomeRange('spi', info.spi);
    return spis === '' ? 'esp' : `esp ${spis}`;
  },
  create: (info) => new SpiTest(FIELD, info.spi),
});

# The tests of `-m u32`: places in the packet, found by arithmetic, and the values allowed there.
#
#     0 >> 22 & 0x3C @ 12 >> 26 = 0x1 : 0x3 && 6 & 0xFF = 6, 17
#
# Source: iptables-extensions(8) "u32". How many of each part there may be is checked by
# src/netfilter/syntax/values/u32.ts, which also knows the complaints.

@{%
import moo from 'moo';
import * as make from '../values/u32-tree.ts';

export const lexer = moo.compile({
  space: { match: /[ \t\n]+/, lineBreaks: true },
  and: '&&',
  left: '<<',
  right: '>>',
  mask: '&',
  at: '@',
  equals: '=',
  colon: ':',
  comma: ',',
  number: /0[xX][0-9a-fA-F]+|[0-9]+/,
  other: { match: /[^]/, lineBreaks: true },
});
%}

tests -> test                      {% make.first %}
       | tests %and test           {% make.append %}

test -> place %equals values       {% make.test %}

place -> %number                   {% make.place %}
       | place operator %number    {% make.step %}

operator -> %mask {% make.only %} | %left {% make.only %} | %right {% make.only %} | %at {% make.only %}

values -> value                    {% make.first %}
        | values %comma value      {% make.append %}

value -> %number                   {% make.single %}
       | %number %colon %number    {% make.range %}

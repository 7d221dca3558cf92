# The iptables language: the command line, and the lines of an iptables-save file.
#
# Words, not characters, are its terminals. Splitting a line into words (quotes, src/netfilter/syntax/words.ts) and telling options
# from values is getopt's business and depends on which extensions have been loaded by the words before (src/netfilter/syntax/
# getopt.ts); what reaches this grammar is a row of typed tokens. What it says is which of them may stand together:
# what a negation may precede, which operands a command has, how a line of a file is built.
#
# Limits: the order of parts within a command is free, as in iptables; that only one command and one target is given, and
# that the options fit it, is checked by src/netfilter/syntax/plan.ts, which knows the words to complain in.
# Sources: iptables(8), iptables-save(8), iptables-restore(8), and what iptables 1.8.9 takes.

@{% import * as tree from '../tree.ts'; %}

line -> %table                                {% tree.tableLine %}
      | %chain %value %counters:? %value:*    {% tree.chainLine %}
      | %commit                               {% tree.commitLine %}
      | %counters:? part:*                    {% tree.commandLine %}

part -> command | condition | extension | setting

# ── Commands and their operands: a chain, the number of a rule, a policy, a new name ───────────────────────────────
command -> %append        %value              {% tree.action('append') %}
         | %check         %value              {% tree.action('check') %}
         | %delete        %value %value:?     {% tree.action('delete') %}
         | %insert        %value %value:?     {% tree.action('insert') %}
         | %replace       %value %value       {% tree.action('replace') %}
         | %list          operands            {% tree.action('list') %}
         | %list_rules    operands            {% tree.action('list-rules') %}
         | %zero          operands            {% tree.action('zero') %}
         | %flush         %value:?            {% tree.action('flush') %}
         | %new_chain     %value              {% tree.action('new-chain') %}
         | %delete_chain  %value:?            {% tree.action('delete-chain') %}
         | %policy        %value %value       {% tree.action('policy') %}
         | %rename_chain  %value %value       {% tree.action('rename-chain') %}

operands -> null | %value | %value %value

# ── What a rule says of a packet by itself, and what it does with it ────────────────────────────────────────────────
condition -> %not:? %source        %value     {% tree.condition('source') %}
           | %not:? %destination   %value     {% tree.condition('destination') %}
           | %not:? %protocol      %value     {% tree.condition('protocol') %}
           | %not:? %in_interface  %value     {% tree.condition('in') %}
           | %not:? %out_interface %value     {% tree.condition('out') %}
           | %not:? %fragment                 {% tree.condition('fragment') %}
           | %match %value                    {% tree.match %}
           | %jump  %value                    {% tree.target('jump') %}
           | %goto  %value                    {% tree.target('goto') %}

# ── An option of the match or target that was loaded last and knows it, with as many values as it takes ──────────────
extension -> %not:? %extension %value:*       {% tree.extensionOption %}

# ── How the command is carried out and shown ────────────────────────────────────────────────────────────────────────────
setting -> %set_counters %value %value:?      {% tree.setting('counters') %}
         | %in_table %value                   {% tree.setting('table') %}
         | %show %value:?                     {% tree.setting('show') %}

/** Sets and accounting objects in rules, and on the command line: sessions for beside-ipset.test.ts. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'rules that name them': `
ipset create a hash:ip initval 1
ipset create b hash:ip,port initval 1
ipset create l list:set
ipset create six hash:net family inet6 initval 1
iptables -A INPUT -m set --match-set a src
iptables -A INPUT -m set ! --match-set b src,dst --return-nomatch ! --update-counters ! --update-subcounters --packets-eq 5 --bytes-gt 7
iptables -A INPUT -m set --match-set b src,dst ! --packets-eq 5 ! --bytes-eq 7
iptables -A INPUT -m set --match-set b src,dst --packets-lt 18446744073709551615 --bytes-lt 0x10
iptables -A INPUT -m set --match-set b src,dst,src,dst,src,dst
iptables -A INPUT -m set --match-set b src,dst,src,dst,src,dst,src
iptables -A INPUT -m set --match-set b foo
iptables -A INPUT -m set --match-set zip src
iptables -A INPUT -m set --match-set six src
iptables -A INPUT -m set --match-set abcdefghijklmnopqrstuvwxyzabcdefghijk src
iptables -A INPUT -m set --match-set a
iptables -A INPUT -m set --match-set
iptables -A INPUT -m set --update-counters --match-set a src
iptables -A INPUT -m set --match-set a src --packets-lt foo
iptables -A INPUT -m set --match-set l src
ip6tables -A INPUT -m set --match-set six src
ip6tables -A INPUT -m set --match-set a src
iptables -A INPUT -j SET --add-set a src --exist --timeout 10
iptables -A INPUT -j SET --add-set a src --timeout 4294967295
iptables -A INPUT -j SET --add-set a src --del-set b src,dst
iptables -A INPUT -j SET --del-set b src,dst --exist
iptables -A INPUT -j SET --timeout 5
iptables -A INPUT -j SET
iptables -A INPUT -j SET --map-set a src --map-mark
iptables -t mangle -A PREROUTING -j SET --map-set a src --map-mark
iptables -t mangle -A PREROUTING -j SET --map-set a src --map-prio
iptables -t mangle -A PREROUTING -j SET --map-set a src
iptables -t mangle -A FORWARD -j SET --map-set a src --map-prio --map-queue --map-mark --add-set b src,dst --del-set a src --exist --timeout 7
iptables -t mangle -N own
iptables -t mangle -A own -j SET --map-set a src --map-queue
iptables -t mangle -A PREROUTING -j own
iptables -A INPUT -j SET --map-mark
iptables -A INPUT -j SET --add-set zip src
iptables-save -t filter
iptables-save -t mangle
iptables -nL INPUT
iptables -t mangle -nL FORWARD
ipset list -t
ipset destroy a
ipset destroy
ipset rename a c
ipset flush
iptables -F
iptables -t mangle -F
ip6tables -F
ipset list -t
ipset rename a c
`,
  'accounting objects': `
nfacct
nfacct foo
nfacct list
nfacct add
nfacct add a
nfacct add a
nfacct add b byte 100
nfacct add c packet 5
nfacct add d foo 5
nfacct add e byte
nfacct add e byte foo
nfacct add abcdefghijklmnopqrstuvwxyzabcdefghijklmn
nfacct list
nfacct get a
nfacct get zz
nfacct get
nfacct del zz
nfacct delete
nfacct list xml
nfacct list reset
nfacct list foo
nfacct get a xml
nfacct get a reset
nfacct get a foo
nfacct flush x
nfacct del a x
nfacct add a x
nfacct add q byte 5 x
nfacct get b reset xml
nfacct del c
iptables -A INPUT -m nfacct --nfacct-name a
iptables -A INPUT -m nfacct --nfacct-name zz
iptables -nL INPUT
iptables-save -t filter
nfacct del a
nfacct flush
nfacct list
iptables -F
nfacct flush
nfacct list
`,
  'the command line': `
ipset
ipset foo
ipset -exist
ipset -x list
ipset version
ipset -V
ipset cr a hash:ip initval 1
ipset a a 1.1.1.1
ipset -A a 1.1.1.2
ipset l a
ipset s a
ipset d a 1.1.1.1
ipset -T a 1.1.1.2
ipset -q test a 9.9.9.9
ipset -q add a 1.1.1.2
ipset -q test a 1.1.1.2
ipset -! del a 9.9.9.9
ipset add a 1.1.1.3 -exist
ipset add a 1.1.1.3 --exist
ipset --list -t
ipset -L -n
ipset -S a
ipset list a extra
ipset destroy a extra
ipset list -o save a
ipset list a -output save
ipset list a -o foo
ipset list a -o
ipset save a -o plain
ipset swap a
ipset flush a -x
ipset add a
ipset add
ipset add zz 1
ipset -F a
ipset -X a
ipset -L
`,
};

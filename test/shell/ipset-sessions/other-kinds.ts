/** Bitmaps, lists, what elements carry, and sets as a whole: sessions for beside-ipset.test.ts. */
export const OTHER_KINDS: Readonly<Record<string, string>> = {
  'what elements carry': `
ipset create c hash:ip counters comment skbinfo timeout 100000 initval 1
ipset add c 1.1.1.1 packets 5 bytes 6 comment "hello there" skbmark 0x5 skbprio 1:2
ipset list c
ipset list c -o xml
ipset save c
ipset -exist add c 1.1.1.1
ipset save c
ipset -exist add c 1.1.1.1 packets 9
ipset save c
ipset del c 1.1.1.1
ipset add c 1.1.1.1
ipset add c 1.1.1.2 timeout 0 skbmark 0xff/0xff skbqueue 7
ipset add c 1.1.1.3 timeout 5 timeout 6
ipset add c 1.1.1.3 packets 18446744073709551615
ipset add c 1.1.1.3 skbmark foo
ipset add c 1.1.1.3 skbprio 1
ipset add c 1.1.1.3 skbprio 1:10000
ipset add c 1.1.1.4 skbqueue 65536
ipset add c 1.1.1.4 comment
ipset add c 1.1.1.4 timeout 2147484
ipset list c
ipset create cc hash:net,port comment initval 1
ipset add cc 10.0.0.0/8,udp:5 comment "one two"
ipset add cc 10.0.0.0/8,udp:6 comment three
ipset list cc
`,
  bitmaps: `
ipset create bi bitmap:ip range 10.0.0.0/16 netmask 24
ipset add bi 10.0.3.4
ipset add bi 10.0.7.0/23
ipset add bi 10.1.0.0
ipset add bi 10.0.200.0-10.0.205.7
ipset list bi
ipset create bi2 bitmap:ip range 10.0.0.5-10.0.0.1 timeout 100000 counters comment skbinfo
ipset add bi2 10.0.0.2-10.0.0.3 comment "x y" packets 4
ipset add bi2 10.0.0.2
ipset list bi2
ipset create bm bitmap:ip,mac range 10.0.0.0/24
ipset add bm 10.0.0.1
ipset add bm 10.0.0.2,00:11:22:33:44:5a
ipset add bm 10.0.0.2,00:11:22:33:44:5a
ipset add bm 10.0.0.2,00:11:22:33:44:56
ipset add bm 10.0.0.1,0:1:2:3:4:5
ipset add bm 10.0.0.4,xx
ipset add bm 10.0.1.4
ipset add bm 10.0.0.1/30
ipset test bm 10.0.0.1
ipset test bm 10.0.0.2,00:11:22:33:44:56
ipset test bm 10.0.0.2
ipset list bm
ipset create bp bitmap:port range 10-100
ipset add bp 20-22
ipset add bp http
ipset add bp 200
ipset add bp 90-110
ipset add bp tcp:25
ipset list bp
ipset del bp 20-21
ipset test bp 22
ipset test bp 101
ipset save bp
ipset create bad bitmap:ip
ipset create bad bitmap:ip range 10.0.0.0/8
ipset create bad bitmap:ip range 10.0.0.0/16 netmask 33
ipset create bad bitmap:ip range 10.0.0.0/16 netmask 8
ipset create bad bitmap:port range 0-70000
ipset create bad bitmap:ip range 10.0.0.1
ipset create bad bitmap:ip range 10.0.0.0/24 family inet
ipset create snapped bitmap:ip range 10.0.0.1-10.0.0.5 netmask 30
ipset create back bitmap:port range 5-1
ipset list -t
`,
  lists: `
ipset create n hash:net initval 1
ipset create ip hash:ip initval 1
ipset create l list:set size 3
ipset add l n
ipset add l ip before n
ipset add l ip after n
ipset add l zip
ipset add l ip after zip
ipset add l l
ipset create l2 list:set
ipset add l l2
ipset list l
ipset list ip -t
ipset test l n
ipset test l ip
ipset test l ip before n
ipset test l n before ip
ipset test l n after ip
ipset rename n m
ipset destroy n
ipset destroy
ipset del l ip before n
ipset del l n before ip
ipset save
ipset list -n
ipset flush l
ipset destroy n
ipset destroy
ipset list
`,
  'sets as a whole': `
ipset create a hash:ip initval 1
ipset create a hash:ip
ipset -exist create a hash:ip
ipset -exist create a hash:net
ipset create n hash:net initval 1
ipset add a 10.0.0.1
ipset list nope
ipset save nope
ipset flush nope
ipset destroy nope
ipset rename nope x
ipset swap a nope
ipset swap nope a
ipset swap a n
ipset rename a n
ipset rename a b
ipset create a hash:ip initval 2
ipset swap a b
ipset list
ipset list -name
ipset list -n -o xml
ipset list a -t -o xml
ipset list -t
ipset save
ipset create abcdefghijklmnopqrstuvwxyzabcdef hash:ip
ipset create __proto__ hash:ip initval 1
ipset add __proto__ 1.2.3.4
ipset list __proto__
ipset create x hash:ip family foo
ipset create x hash:ip hashsize foo
ipset create x hash:ip hashsize
ipset create x hash:ip hashsize 4294967295
ipset create x hash:ip maxelem 4294967296
ipset create x hash:ip netmask 33
ipset create x hash:ip netmask 24 bitmask 255.0.0.0
ipset create x hash:ip timeout -1
ipset create x hash:ip timeout 2147484
ipset create x hash:ip range 1.1.1.1
ipset create x hash:ip hashsize 64 hashsize 128
ipset create x hash:ip -6 -4
ipset create x hash:ip family inet family inet6
ipset create x hash:foo
ipset create x
ipset create
ipset create y hash:ip gc 5 probes 4 resize 50 initval 1
ipset create z iphash --hashsize 2048 initval 1
ipset list y -t
ipset list z -t
`,
};

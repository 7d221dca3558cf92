/** Hashes, by what their elements are: sessions for beside-ipset.test.ts. */
export const HASHES: Readonly<Record<string, string>> = {
  'elements of hashes of addresses': `
ipset create ip hash:ip initval 1
ipset add ip 10.0.0.1-10.0.0.3
ipset add ip 10.0.0.0/33
ipset add ip 10.0.0.0/0
ipset add ip 0.0.0.0
ipset add ip 10.0.0.5-10.0.0.1
ipset add ip 10.0.0.1,80
ipset add ip 10.0.0.1 timeout 5
ipset add ip 10.0.0.1 counters
ipset add ip 10.0.0.9 packets 5
ipset add ip 10.0.0.9 comment hi
ipset add ip 10.0.0.9 skbmark 5
ipset add ip 10.0.0.9 nomatch
ipset add ip ::1
ipset add ip 1.2.3
ipset add ip 300.1.1.1
ipset add ip 10.0.0.64/26
ipset list ip
ipset list ip -sorted
ipset save ip
ipset list ip -o xml
ipset test ip 10.0.0.64/26
ipset test ip 10.0.0.1-10.0.0.3
ipset test ip 10.0.0.44
ipset del ip 10.0.0.64/30
ipset -exist del ip 10.0.0.64/30
ipset del ip 10.0.0.64/30
ipset list ip
ipset create masked hash:ip netmask 24 initval 1
ipset add masked 10.0.0.0/22
ipset save masked
ipset create bits hash:ip bitmask 255.255.0.255 initval 1
ipset add bits 10.1.2.3
ipset test bits 10.1.9.3
ipset save bits
ipset create six hash:ip family inet6 initval 1 netmask 64
ipset add six 10.0.0.1
ipset add six 1::2/128
ipset add six 1::/64
ipset add six 1::1-1::4
ipset add six ::
ipset list six
ipset create little hash:ip maxelem 3 hashsize 3 bucketsize 3 initval 1
ipset add little 10.0.0.0/29
ipset list little
`,
  'hashes that grow': `
ipset create grown hash:ip hashsize 64 bucketsize 2 initval 1
ipset add grown 10.0.0.0/24
ipset list grown
ipset del grown 10.0.0.0/25
ipset list grown
ipset add grown 10.9.0.0/26
ipset list grown
ipset create ports hash:ip,port hashsize 64 initval 77
ipset add ports 10.0.0.0/28,udp:1-100
ipset list ports
ipset flush ports
ipset list ports
`,
  networks: `
ipset create n hash:net initval 1
ipset add n 0.0.0.0/0
ipset add n 10.0.0.1-10.0.0.9
ipset add n 10.0.0.1/24
ipset add n 10.0.0.1
ipset list n
ipset list n -s
ipset test n 10.0.0.77
ipset test n 10.0.1.77
ipset del n 10.0.0.2-10.0.0.3
ipset del n 10.0.0.0/24
ipset test n 10.0.0.77
ipset save n -s
ipset add n 10.0.0.0/8
ipset add n 10.1.0.0/16 nomatch
ipset add n 10.1.0.0/16
ipset test n 10.1.1.1
ipset test n 10.1.1.1 nomatch
ipset test n 10.2.1.1
ipset test n 10.1.0.0/16
ipset test n 10.1.0.0/16 nomatch
ipset -exist add n 10.1.0.0/16
ipset test n 10.1.1.1
ipset save n
ipset del n 10.0.0.0/8 nomatch
ipset create n6 hash:net family inet6 initval 1
ipset add n6 1::/64
ipset add n6 1::5/0
ipset add n6 1::1-1::2
ipset add n6 1::/129
ipset test n6 1::5
ipset list n6
ipset create np hash:net,port initval 1
ipset add np 10.0.0.0-10.0.0.3,tcp:1-2
ipset test np 10.0.0.1,tcp:1
ipset test np 10.0.0.1,tcp:1-2
ipset test np 10.0.0.1-10.0.0.2,tcp:1
ipset test np 10.0.0.0/30,tcp:1
ipset add np 10.0.0.0/0,80
ipset list np
ipset create r hash:ip,port,net initval 1
ipset add r 10.0.0.1,80,10.0.0.0/24
ipset add r 10.0.0.1-10.0.0.3,80,10.0.0.0/24
ipset add r 10.0.0.1,80,0.0.0.0/0
ipset add r 10.0.0.1,81,10.0.0.1-10.0.0.6
ipset list r
ipset test r 10.0.0.1,80,10.0.0.9
ipset create r6 hash:ip,port,net family inet6 initval 1
ipset add r6 1::1,80,2::/64
ipset add r6 1::1,icmpv6:echo-request,2::5
ipset add r6 1::1-1::2,80,2::5
ipset add r6 1::1,80,::/0
ipset list r6
`,
  'ports and protocols': `
ipset create p hash:ip,port initval 1
ipset add p 10.0.0.1,80
ipset add p 10.0.0.1,tcp:81-83
ipset add p 10.0.0.1,udp:domain
ipset add p 10.0.0.1,http
ipset add p 10.0.0.1,icmp:8
ipset add p 10.0.0.1,icmp:8/0
ipset add p 10.0.0.1,icmp:echo-request
ipset add p 10.0.0.1,icmp:host-redirect
ipset add p 10.0.0.1,icmp:3/8
ipset add p 10.0.0.1,icmp:redirect
ipset add p 10.0.0.1,gre:0
ipset add p 10.0.0.1,47:0
ipset add p 10.0.0.1,gre:5
ipset add p 10.0.0.1,sctp:5
ipset add p 10.0.0.1,udplite:5
ipset add p 10.0.0.1,dccp:5
ipset add p 10.0.0.1,200:0
ipset add p 10.0.0.1,300:0
ipset add p 10.0.0.1,foo:0
ipset add p 10.0.0.1,foo
ipset add p 10.0.0.1,70000
ipset add p 10.0.0.1,-1
ipset add p 10.0.0.1
ipset add p 10.0.0.1,80,1
ipset add p 10.0.0.1/31,tcp:22
ipset add p 10.0.0.1,90-88
ipset add p 10.0.0.1,tcp:0
ipset list p
ipset test p 10.0.0.1,80
ipset test p 10.0.0.1,udp:80
ipset del p 10.0.0.1,80 timeout 4
ipset del p 10.0.0.1,tcp:81-83
ipset create masked hash:ip,port family inet6 netmask 64 initval 1
ipset add masked 1::2:3:4:5,80
ipset add masked 1::2:3:4:5,icmpv6:1/1
ipset add masked 1::2:3:4:5,icmpv6:redirect
ipset list masked
ipset create ii hash:ip,port,ip initval 1
ipset add ii 1.1.1.1,80,2.2.2.2/24
ipset add ii 1.1.1.1,80,2.2.2.2-2.2.2.5
ipset add ii 1.1.1.1,80
ipset add ii 1.1.1.1,80,1.1.1.1,4
ipset add ii 1.1.1.0/30,80-81,1.1.1.1
ipset list ii
`,
  interfaces: `
ipset create q hash:net,iface initval 1
ipset add q 10.0.0.0/8,eth0
ipset add q 10.0.0.0/8,eth1
ipset add q 10.0.0.0/8,physdev:eth1
ipset add q 10.0.0.0/8,ppp wildcard
ipset add q 10.0.0.0/8,ppp7
ipset add q 0.0.0.0/0,eth9
ipset add q 10.0.0.0/8,abcdefghijklmnopqrst
ipset add q 10.0.0.0/8
ipset add q 10.0.0.0/8,eth1 nomatch
ipset -exist add q 10.0.0.0/8,eth1 nomatch
ipset add q 192.0.2.0-192.0.2.6,eth0
ipset list q
ipset test q 10.1.1.1,eth0
ipset test q 10.1.1.1,physdev:eth1
ipset test q 10.1.1.1,physdev:eth0
ipset add q 10.1.0.0/16,physdev:w wildcard
ipset add q 10.1.0.0/16,physdev:
ipset add q 10.1.0.0/16,physdev:abcdefghijklmnopqrst
ipset save q
ipset del q 10.1.0.0/16,physdev:
ipset test q 10.1.1.1,eth1
ipset test q 10.1.1.1,ppp5
ipset test q 10.0.0.1-10.0.0.2,eth0
`,
};

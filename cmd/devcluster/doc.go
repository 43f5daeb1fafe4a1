// Command devcluster runs a small cluster on this machine, to develop against: three etcd members and three Holdfast nodes,
// each in a process of its own, on the loopback interface. The nodes are at 127.0.0.1:7600, 7610 and 7620, or on free ports
// when somebody else has those. It waits until every shard is led, prints where everything is, and stops all of it when it
// is interrupted, or when it ends in any other way.
//
//	devcluster [-dir DIR] [-members N] [-nodes N] [-shards N] [-holdfast FILE]
//	devcluster member -name NAME -dir DIR -client-url URL -peer-url URL -initial-cluster NAME=URL,...
//
// The second form is one member, in this process. With -nodes 0 there are only members.
//
// It is a command of its own so that holdfast carries no etcd server. It is not for production: nobody speaks TLS, and
// everything is on one disk.
package main

// Package etcdtest runs real etcd members, each in a process of its own, for tests and for cmd/devcluster.
//
//   - a Member says how one etcd server is set up; Run is the process that it runs in, a re-execution of whatever
//     program imports this package;
//   - a Cluster is some members on ports of this machine. They can be killed, paused and started again, with their
//     data kept;
//   - a Proxy stands between a client and a member, and cuts the line, or holds back what is said on it.
//
// A test binary calls Reexec first thing in its TestMain. Members end with the process that started them, however
// that ends: they watch their standard input. They write to disk with fsync, as in production; their logs are in
// their directories.
//
// The etcd server is imported here and nowhere else, so that no program but test binaries and devcluster has it.
package etcdtest

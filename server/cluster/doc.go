// Package cluster says who is in a cluster and which node owns which shard, and has a server lead what it should.
//
// # Nouns
//
//   - [Cluster]: a node's part in a cluster, made by [Join]. It is registered in etcd under a lease, knows the others, and
//     conducts a [Holder]: the server, which leads shards and releases them.
//   - [View]: the cluster at one revision of etcd: nodes, owners, pins. It never changes; a newer one takes its place. To
//     find a shard's owner on each call costs a pointer and an index.
//   - Owner: the node whose key owners/<shard> is there. The key is created only where there is none, under the owner's
//     lease, and has the journal's epoch once the owner decides.
//   - Preferred: the node that should own a shard, as [View.Preferred] reckons from a view, the same everywhere: where it is
//     pinned, or else the one with the highest score (rendezvous hashing) of those that are warm.
//   - Warm: caught up with the shard's journal, so that to take over is to acquire and to finish the tail. A node says so
//     itself ([Cluster.SetWarm]); one that leads is. A node that is only able ([Cluster.SetAble]) comes after all warm ones.
//   - [Registry]: the same keys as an operator uses them, without being a node: read, pin, drain, forget, health.
//
// # How a shard moves
//
//	owner                              etcd                        next
//	prefers another, for a while
//	Holder.Release: queue finished
//	                   ──delete owners/7──►  ──watch──►  nobody has it, and I am preferred
//	                                         ◄──create owners/7──
//	                                                     Holder.Lead: acquire, finish the tail
//	                                         ◄──its epoch──
//
// Nothing polls: the next owner's watch wakes it, and what callers wait for is two transactions and Holder.Lead. A node that
// has only just become preferred is left to settle for a second first, so that one which comes and goes does not drag
// shards along; what an operator asks for, and what a leaving node has, moves at once. A node has only so many shards on
// the move, until their next owners lead, and goes on with the others. One that often fails to lead a shard asks the
// others to, for longer and longer.
//
// A node that dies is gone when its lease is over, together with its owner keys, in one revision: so everybody else sees at
// once that its shards are free, and who is preferred now. A node that finds its lease over, because it was stopped or cut
// off, has its holder release everything, registers anew, and begins from nothing.
//
// # Leases are liveness only
//
// Nothing here keeps two nodes from believing that they own a shard. A process may be stopped between looking at its lease
// and appending, for longer than the lease; then another is the owner, and the first does not know. No clock helps, because
// the append is on its way already. What helps is that Holder.Lead acquires the shard's journal, which counts its epoch
// up, and that every append compares the epoch in the same transaction that writes. So the old owner's append does not
// happen, and what has not been appended is not acknowledged. The lease only decides how soon somebody else tries.
//
// It goes both ways: a node that goes on where it was stopped may be about to acquire, and then fences the good owner. That
// one hears of it with its next append, tells [Cluster.Lost], and competes again.
//
// # Caveats
//
//   - A view is late, by the latency of a watch, or by as long as the node is cut off. Who is asked about a shard that it
//     does not lead says so; nobody relies on a view being right.
//   - A holder that is fenced must say so (Lost); an owner key whose owner does not lead is found by nobody else.
//   - Ids are unique. A process that registers at the same address takes over from the one before, which then is out of
//     the cluster for good ([ErrReplaced]); at another address it is refused ([ErrIDTaken]).
//   - The client of etcd is the caller's, and only its own keep-alive finds a connection that swallows everything, after many
//     leases. Until then a call that has no answer is made again, beside the first and over the next connection: so each of
//     them may be carried out twice, and late.
//   - Times in nodes, owners and replicas are of the clocks of those who wrote them. They are for people.
package cluster

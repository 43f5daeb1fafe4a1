// Package etcd is the replicated journal engine: a log in an etcd cluster, which many processes can reach and one of
// them owns.
//
// Nouns:
//
//   - a Cluster is a connection; a Journal is a handle on one of the logs there;
//   - the keys of a log lie under prefix and name. owner: the epoch, a nonce and the name of whoever acquired last.
//     head: the next sequence, the hash of the last entry, and the tries. base: the first sequence that is kept and
//     the hash before it. whole: there as long as base is true. batch/ and twenty digits of the first sequence: a
//     batch, as package journal encodes it. All but batches are text, for people with etcdctl;
//   - what a process appends to several logs at once goes together, as one transaction with a nested one for each;
//   - a holding is what an owner knows of the log: what it has put into owner and head, byte for byte;
//   - the tail is the end of the log as one watch sees it, for all of a Journal's followers.
//
// Who may append. Acquire is one transaction, if the owner is who it was then put the next epoch, get the head. Append
// is one transaction, if owner and head are byte for byte as I put them then put the batch, put the head. So whatever
// an earlier owner has sent or sends later fails, in the step that would write it. There are no leases, and no clock is
// read for safety. The owner is a key of its own, apart from the head, so that an owner who appends thousands of times
// a second cannot keep another from acquiring. The nonce tells owners apart even after etcd was restored from a backup
// and counts the same epochs again.
//
// An answer that is lost (a timeout, a broken connection, a change of leader). The head that is still the old one
// proves nothing, for the request may be on its way yet. So the owner puts the same head with one more try in it, under
// the same condition. Then what was sent can never succeed, and is sent again; or it has succeeded already, and the head
// says so. The caller hears of none of this. Only if the cluster does not answer for Config.Patience, or has no space
// for that question, or ctx ends, does Append answer ErrUnknown, and goes on doing so until Acquire.
//
// A log may go on where another ends ([Cluster.Begin]): it begins as if everything before had been trimmed, with the sequence
// and the hash that the other ends with.
//
// What else fails:
//
//   - the quota is used up (NOSPACE): ErrFull, nothing is written, the same append may be tried again. etcd carries out
//     the very request that uses up the quota and answers that there is no space; the head is read to tell;
//   - another owner acquired: ErrFenced. If the lost append was there before, it is acknowledged, and the next is fenced;
//   - a majority is out of reach: Append, Acquire, Replay and Trim try again for Config.Patience; Follow waits;
//   - the members' limits are too small for the largest batch: Connect says which flag of etcd to change;
//   - keys are missing or not what was written: *journal.CorruptError. Replay also holds the last entry's hash against
//     the head.
//
// Reading. Replay reads bounded pages at the revision of its start, or, if that was compacted meanwhile, at a newer
// one: batches never change. Follow reads pages until it has caught up, then it is handed what the watch sees; the
// watch is one, for any number of followers, keeps the newest 8 MiB for them, and begins anew after a compaction, a
// lost connection or a lost leader, whereupon followers read what lies between. etcd shows only what a majority has.
//
// Caveats:
//
//   - etcd keeps every revision of the head key, one an append, and what Trim deletes, until it is compacted. A Cluster
//     through which appends are made has etcd compacted to the revision of Config.CompactEvery ago, at that interval.
//     That is for the whole cluster: others on it lose their old revisions as well.
//   - Neither trimming nor compaction makes etcd's files smaller: space is used again. Once the quota was reached, Trim
//     still works, but an operator must make the space of it: etcdctl compact with the newest revision, etcdctl defrag
//     --cluster, etcdctl alarm disarm. Until the Trim after that a log begins with the first batch that there is, so
//     that the loss of its first batches could not be told from trimming.
//   - A member that hangs, rather than ends, is noticed by a silent connection after 13 s; until then every request
//     that happens to go there takes Config.Timeout, the first one of an append a second, and is then made elsewhere.
//   - Replay from the middle of a log trusts the hash that its first batch names as the one before it.
package etcd

// Package bolt is the embedded journal engine: one directory, one process, no other service.
//
// Nouns:
//
//   - the store is journal.db, a bbolt file: the bulk of the log, a bucket of batches keyed by their first sequence,
//     and a checksummed meta value (epoch, owner, where the kept log begins, where the stored batches end);
//   - a segment is one of two pre-zeroed files that take the newest batches in turn. An Append is one write and one
//     data sync over blocks that were written before: bbolt would sync twice a commit, and a sync over fresh blocks
//     costs three to four times one over written blocks;
//   - a record is one batch in a segment, with a checksum and the generation of the segment's lap, so that what an
//     earlier lap left behind is never taken for live;
//   - the mover moves a full segment into the store in the background, in ascending transactions, while the other
//     segment takes the appends. The transaction that moves a segment's last batch also starts its next lap. When
//     both are full, Append waits for the mover;
//   - the head marker is one durable sector that says up to where everything was acknowledged. It is written when the
//     log goes idle for a few milliseconds, at Acquire and at Close.
//
// Who owns what: a Journal owns its directory, under a lock. Within it, Journal.appending owns what only appends and
// Acquire touch, Journal.moving what only the mover and recovery touch, and Journal.mu, never held over I/O, the
// in-memory index that readers share with them. Opening and recovery after ErrUnknown are the same code.
//
// What is found: a record that is not sound, with a sound one of its lap after it, was acknowledged once: one append
// is in flight at a time. So is one below the marker. Both are a *journal.CorruptError. Only the very last record,
// above the marker, can be torn by a crash; it was never acknowledged and is dropped with a line in the log. Damage
// in the store shows as a break of the hash chain or of the sequence, at Replay or Verify; damage in the meta or the
// marker by their checksums; bbolt's fallback to an older transaction by the marker, which names the newest.
//
// Caveats:
//
//   - A sector of 512 bytes is taken to be written whole or not at all (the marker lies in one).
//   - While the log is under load there is no marker near its end: after a crash, damage to the very last record
//     cannot be told from a torn write. Anything before it can.
//   - Full disks: segments are preallocated, so appends go on until both segments are full and the mover cannot
//     write. Then Append answers ErrFull, and each further one has the mover try again.
//   - A failed sync leaves the journal refusing appends with ErrUnknown until Acquire has read, rewritten and synced
//     the tail anew.
//   - Trim forgets whole batches at once for readers; the file's space is reused, not given back.
package bolt

package state

import (
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// unmap lets go of the pages of the mapping that have been touched: they stay in the kernel's cache, and are mapped again
// when they are touched again. Nothing is lost: bbolt writes with write(2), and maps only to read. Advice only.
func unmap(tx *bolt.Tx) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), unix.MADV_DONTNEED)
}

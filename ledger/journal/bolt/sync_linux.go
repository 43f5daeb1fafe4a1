package bolt

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// datasync makes a file's written bytes durable without its times: the blocks it covers are allocated already.
func datasync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// forget drops a file's clean pages from the cache, so that what is read next comes from the disk. After a failed
// sync the kernel calls pages clean that never reached it. Advice only: recovery rewrites what it relies on.
func forget(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

package server

import (
	"sync/atomic"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// Clock tells what time it is: the machine's, or a virtual one that only moves when it is told to.
type Clock struct {
	virtual bool
	now     atomic.Int64
}

// RealClock is the machine's clock.
func RealClock() *Clock { return &Clock{} }

// VirtualClock stands still at an instant until it is advanced.
func VirtualClock(at time.Time) *Clock {
	c := &Clock{virtual: true}
	c.now.Store(at.UnixNano())
	return c
}

// Virtual says whether the clock is a virtual one.
func (c *Clock) Virtual() bool { return c.virtual }

// Now is the present instant.
func (c *Clock) Now() calendar.Instant {
	if c.virtual {
		return calendar.Instant(c.now.Load())
	}
	return calendar.InstantOf(time.Now())
}

// AdvanceTo moves a virtual clock forward; it answers false, and does nothing, if that would move it back.
func (c *Clock) AdvanceTo(at calendar.Instant) bool {
	for {
		now := c.now.Load()
		if int64(at) < now {
			return false
		}
		if c.now.CompareAndSwap(now, int64(at)) {
			return true
		}
	}
}

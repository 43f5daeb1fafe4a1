package portfolio

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Bucket is the name of where an account stands. Those of the terms have no spaces in their names, these have.
type Bucket string

// The buckets that are not of the terms.
const (
	NothingOwed Bucket = "nothing owed"
	Current     Bucket = "current" // something is owed, and nothing is past due
	ChargedOff  Bucket = "charged off"
)

// BucketInfo is a bucket and from which day past due on accounts are in it.
type BucketInfo struct {
	Bucket  Bucket
	FromDay int // 0 for nothing owed and current; of charged off the day after the last
}

// PastDue says whether accounts in the bucket are past due and not charged off.
func (b *BucketInfo) PastDue() bool { return b.FromDay > 0 && b.Bucket != ChargedOff }

func (b *BucketInfo) compare(o BucketInfo) int {
	return cmp.Or(cmp.Compare(b.rank(), o.rank()), cmp.Compare(b.FromDay, o.FromDay), cmp.Compare(b.Bucket, o.Bucket))
}

func (b *BucketInfo) rank() int {
	switch b.Bucket {
	case NothingOwed:
		return 0
	case Current:
		return 1
	case ChargedOff:
		return 3
	}
	return 2
}

// place is a bucket by its place in the fold's list, which only grows.
type place uint8

// The places of the buckets that are not of the terms.
const (
	atNothing place = iota
	atCurrent
	atChargedOff
	firstOfTerms

	// nowhere is where an account is at the end of the months before it was opened.
	nowhere place = 255
	// mostPlaces bounds how many names of buckets the terms of a book may have together. What is beyond them is in the last.
	mostPlaces = 250
)

// bands are the buckets of one version of the terms.
type bands []band

type band struct {
	to int // last day past due
	at place
}

// learn takes over the buckets of terms, each name once.
func (f *Fold) learn(t *terms.Terms) {
	var own bands
	for _, b := range t.Delinquency.Buckets {
		own = append(own, band{b.ToDay, f.placeOf(BucketInfo{Bucket(b.Name), b.FromDay})})
	}
	f.bands = append(f.bands, own)
	if day := t.Delinquency.ChargeOffAfterDay + 1; day > f.buckets[atChargedOff].FromDay {
		f.buckets[atChargedOff].FromDay = day
	}
}

func (f *Fold) placeOf(b BucketInfo) place {
	at := slices.IndexFunc(f.buckets, func(o BucketInfo) bool { return o.Bucket == b.Bucket })
	switch {
	case at >= 0:
		f.buckets[at].FromDay = min(f.buckets[at].FromDay, b.FromDay)
		return place(at)
	case len(f.buckets) >= mostPlaces:
		return place(len(f.buckets) - 1)
	}
	f.buckets = append(f.buckets, b)
	return place(len(f.buckets) - 1)
}

// placeAt is where an account stands at the end of a day. Beyond the last day of the last bucket it is charged off as soon as
// the ledger comes to it; until then it is in the last.
func (f *Fold) placeAt(a *account, day calendar.Date) place {
	if a.is(wroteOff) {
		return atChargedOff
	}
	if days := a.daysPastDue(day); days > 0 {
		own := f.bands[a.terms]
		for _, b := range own {
			if days <= b.to {
				return b.at
			}
		}
		return own[len(own)-1].at
	}
	if a.owed() > 0 {
		return atCurrent
	}
	return atNothing
}

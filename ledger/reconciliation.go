package ledger

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

// Reconciliation is one comparison of a carrier's records of a business date with ours. It lives in the shard that the carrier
// has its home in, and its breaks are rows beside it.
type Reconciliation struct {
	Carrier  CarrierID
	N        uint32 // of the carrier's: 1, 2, 3, ...
	Sequence uint64 // of the last entry absorbed
	Caller   Caller
	Currency money.Currency
	Date     calendar.Date // the carrier's business day
	Fees     bool          // the carrier's records have fees
	Run      uint32        // 1, and one more each time that it began again after it had been cut off
	Began    calendar.Instant
	Ended    calendar.Instant // 0 while it has not
	Failed   string           // why it came to no end; empty when it did
	Read     calendar.Instant // when ours were read: what was done since is not in them
	Tally    reconcile.Tally
	Breaks   uint32       // how many there are, numbered 1, 2, 3, ...
	Open     uint32       // of those, not resolved
	Adjusted money.Amount // what resolving them added to what is payable
}

// Done says whether it has come to its end, with a result that does not change any more.
func (r *Reconciliation) Done() bool { return r.Ended != 0 && r.Failed == "" }

// Clone is a copy that shares no memory that can change.
func (r *Reconciliation) Clone() *Reconciliation {
	c := *r
	return &c
}

// KeptBreak is a break of a reconciliation.
type KeptBreak struct {
	Carrier        CarrierID
	Reconciliation uint32
	N              uint32
	Sequence       uint64 // of the last entry absorbed
	reconcile.Break
	Resolution
}

// Clone is a copy that shares no memory that can change.
func (b *KeptBreak) Clone() *KeptBreak {
	c := *b
	return &c
}

// Resolution is what was done about a break. The zero Resolution is of one that is open.
type Resolution struct {
	How      ResolutionKind
	Adjusted money.Amount // of what is payable to the carrier, all days together
	Operator Caller
	Reason   string
	Resolved calendar.Instant
}

// ResolutionKind is how a break was resolved.
type ResolutionKind uint8

// The kinds. Their numbers are those of the API and of the journal.
const (
	NotResolved ResolutionKind = iota
	AcceptTheirs
	AcceptOurs
	Adjust
	resolutionEnd
)

// Valid says whether it is a way to resolve a break.
func (k ResolutionKind) Valid() bool { return k > NotResolved && k < resolutionEnd }

// MostBreaks is how many breaks a reconciliation keeps at most: with more the file or its map is a wrong one.
const MostBreaks = 100_000

// MostFound is how many breaks one entry has at most.
const MostFound = 200

// ReconciledCarrier is how many reconciliations of a carrier there were.
type ReconciledCarrier struct {
	Carrier CarrierID
	Last    uint32
}

// LastReconciliation is the number of a carrier's newest reconciliation; 0 when there is none.
func (s *Shard) LastReconciliation(id CarrierID) uint32 {
	at, found := slices.BinarySearchFunc(s.Reconciled, id, func(r ReconciledCarrier, id CarrierID) int { return cmp.Compare(r.Carrier, id) })
	if !found {
		return 0
	}
	return s.Reconciled[at].Last
}

func (s *Shard) reconciled(f *ReconciliationBegun) {
	at, found := slices.BinarySearchFunc(s.Reconciled, f.Carrier, func(r ReconciledCarrier, id CarrierID) int { return cmp.Compare(r.Carrier, id) })
	if !found {
		s.Reconciled = slices.Insert(slices.Clip(s.Reconciled), at, ReconciledCarrier{Carrier: CarrierID(clone(string(f.Carrier)))})
	}
	s.Reconciled[at].Last = max(s.Reconciled[at].Last, f.N)
}

// Facts on reconciliations.
type (
	// ReconciliationBegun is a reconciliation that has begun, or, for a Run after the first, begun again from nothing.
	ReconciliationBegun struct {
		Carrier  CarrierID
		N        uint32
		Run      uint32
		Currency money.Currency
		Date     calendar.Date
		Fees     bool
	}
	// BreaksFound are breaks, the first of which has the number First.
	BreaksFound struct {
		Carrier CarrierID
		N       uint32
		First   uint32
		Breaks  []reconcile.Break
	}
	// ReconciliationEnded is the end of one.
	ReconciliationEnded struct {
		Carrier CarrierID
		N       uint32
		Failed  string // why it came to no result
		Read    calendar.Instant
		Tally   reconcile.Tally
	}
	// BreakResolved is what was done about a break. The entries before it adjusted what is payable.
	BreakResolved struct {
		Carrier        CarrierID
		Reconciliation uint32
		N              uint32
		How            ResolutionKind
		Adjusted       money.Amount
		Reason         string
	}
)

func (*ReconciliationBegun) fact() {}
func (*BreaksFound) fact()         {}
func (*ReconciliationEnded) fact() {}
func (*BreakResolved) fact()       {}

// Commands on reconciliations. Who may give them is the edge's to say.
type (
	// BeginReconciliation begins a reconciliation. The same request again tells what has become of it.
	BeginReconciliation struct {
		Request
		Carrier  CarrierID
		Currency money.Currency
		Date     calendar.Date
		Fees     bool
	}
	// RerunReconciliation begins one again that has come to no end.
	RerunReconciliation struct {
		Carrier CarrierID
		N       uint32
		Run     uint32 // that has come to no end
	}
	// FindBreaks records breaks of a run, at most MostFound, the first of which has the number First.
	FindBreaks struct {
		Carrier CarrierID
		N       uint32
		Run     uint32
		First   uint32
		Breaks  []reconcile.Break
	}
	// EndReconciliation ends a run.
	EndReconciliation struct {
		Carrier CarrierID
		N       uint32
		Run     uint32
		Failed  string
		Read    calendar.Instant
		Tally   reconcile.Tally
	}
	// ResolveBreak resolves a break.
	ResolveBreak struct {
		Request
		Carrier        CarrierID
		Reconciliation uint32
		N              uint32
		How            ResolutionKind
		Amount         money.Amount // of Adjust: added to what is payable
		Reason         string
	}
	// GetReconciliation reads one.
	GetReconciliation struct {
		Carrier CarrierID
		N       uint32
	}
	// ListReconciliations reads up to Limit of a carrier with numbers below Before, newest first; 0 begins at the newest.
	ListReconciliations struct {
		Carrier CarrierID
		Before  uint32
		Limit   int
	}
	// ListBreaks reads up to Limit breaks with numbers above After: only those that are open, if Open, and only of a kind, if
	// there is one. It looks at no more than MostScanned.
	ListBreaks struct {
		Carrier        CarrierID
		Reconciliation uint32
		After          uint32
		Limit          int
		Open           bool
		Kind           reconcile.BreakKind
	}
)

// MostScanned is how many breaks one ListBreaks looks at.
const MostScanned = 5_000

// ReconciliationAnswer is what is told of reconciliations.
type ReconciliationAnswer struct {
	Reconciliation *Reconciliation
	Break          *KeptBreak
	List           []*Reconciliation
	Breaks         []*KeptBreak
	Next           uint32 // the break behind which the list goes on; 0 at its end
}

func (c *BeginReconciliation) fields(f *fingerprint) {
	f.kind(80)
	f.str("carrier_id", string(c.Carrier))
	f.str("currency", string(c.Currency))
	f.int("business_date", int64(c.Date))
	f.bool("fees", c.Fees)
}

func (c *ResolveBreak) fields(f *fingerprint) {
	f.kind(81)
	f.str("carrier_id", string(c.Carrier))
	f.int("reconciliation", int64(c.Reconciliation))
	f.int("break", int64(c.N))
	f.int("resolution", int64(c.How))
	f.int("amount", int64(c.Amount))
	f.str("reason", c.Reason)
}

func (*RerunReconciliation) fields(*fingerprint) {}
func (*FindBreaks) fields(*fingerprint)          {}
func (*EndReconciliation) fields(*fingerprint)   {}
func (*GetReconciliation) fields(*fingerprint)   {}
func (*ListReconciliations) fields(*fingerprint) {}
func (*ListBreaks) fields(*fingerprint)          {}

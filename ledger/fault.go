package ledger

import "fmt"

// FaultKind is the class of a fault; the edge makes a status of it.
type FaultKind uint8

// The classes of faults.
const (
	Invalid            FaultKind = iota + 1 // the request can never succeed as it is
	NotFound                                // what it names is not there
	Exists                                  // what it would make is there
	FailedPrecondition                      // the state of things does not allow it
	Denied                                  // the caller may not
)

// Fault is a request that cannot be carried out. It is not a decline: it says nothing about credit.
type Fault struct {
	Kind    FaultKind
	Reason  string   // stable, UPPER_SNAKE, for programs
	Message string   // for people
	Fields  []string // request fields at fault
	Name    string   // id of the resource concerned
}

func (f *Fault) Error() string { return f.Reason + ": " + f.Message }

func fault(kind FaultKind, reason, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func (f *Fault) on(fields ...string) *Fault {
	f.Fields = fields
	return f
}

func (f *Fault) named(name string) *Fault {
	f.Name = name
	return f
}

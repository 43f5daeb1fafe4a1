package audit

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// checkHistory holds an account's items and statements to what the account says of them, and to each other: they are
// numbered without a gap, and each statement begins with the balance that the one before ended with and adds up.
func checkHistory(a *ledger.Account, h *state.History) error {
	b := &a.Billing
	if len(h.Items) != int(b.Items) {
		return fmt.Errorf("there are %d items, not %d", len(h.Items), b.Items)
	}
	for n, i := range h.Items {
		if int(i.N) != n+1 {
			return fmt.Errorf("item %d says that it is number %d", n+1, i.N)
		}
	}
	if len(h.Statements) != int(b.Statements) {
		return fmt.Errorf("there are %d statements, not %d", len(h.Statements), b.Statements)
	}
	var before ledger.Statement
	for n, s := range h.Statements {
		switch {
		case int(s.N) != n+1:
			return fmt.Errorf("statement %s says that it is number %d, not %d", s.ID(), s.N, n+1)
		case s.Previous != before.Opens:
			return fmt.Errorf("statement %s comes after %s, and says %s", s.ID(), before.ID(), s.Previous)
		case s.Opening != before.Closing:
			return fmt.Errorf("statement %s opens with %d, and %s closed with %d", s.ID(), s.Opening, before.ID(), before.Closing)
		case s.Opening+s.Flows.Sum() != s.Closing:
			return fmt.Errorf("statement %s opens with %d, changes by %d and closes with %d", s.ID(), s.Opening, s.Flows.Sum(), s.Closing)
		}
		before = *s
	}
	if b.LastStatement != before.Opens {
		return fmt.Errorf("the newest statement is %s, not %s", before.ID(), b.LastStatement)
	}
	return nil
}

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
		if err := checkPoints(&before, s); err != nil {
			return err
		}
		before = *s
	}
	switch {
	case b.LastStatement != before.Opens:
		return fmt.Errorf("the newest statement is %s, not %s", before.ID(), b.LastStatement)
	case b.Open.IsOpen() && b.Open.Opening != before.Closing:
		return fmt.Errorf("the open window opened with %d, and statement %s closed with %d", b.Open.Opening, before.ID(), before.Closing)
	case !b.Open.IsOpen() && before.Closing != 0:
		return fmt.Errorf("no window is open, and statement %s closed with %d", before.ID(), before.Closing)
	}
	return checkCollections(a, h)
}

// checkPoints checks that what statements say of points follows: there are none on those before the first points.
func checkPoints(before, s *ledger.Statement) error {
	if s.Points == nil {
		if before.Points != nil {
			return fmt.Errorf("statement %s says nothing of points, and %s does", s.ID(), before.ID())
		}
		return nil
	}
	var closed ledger.Points
	if before.Points != nil {
		closed = before.Points.Closing
	}
	if p := s.Points; p.Opening != closed || p.Opening+p.Flows.Sum() != p.Closing {
		return fmt.Errorf("statement %s opens with %d points, changes by %d and closes with %d; the one before closed with %d",
			s.ID(), p.Opening, p.Flows.Sum(), p.Closing, closed)
	}
	return nil
}

// checkCollections checks that the collections that are not reported yet are those of which the items say so.
func checkCollections(a *ledger.Account, h *state.History) error {
	pending := 0
	for _, i := range h.Items {
		if i.Outcome == ledger.Pending {
			pending++
		}
	}
	for _, c := range a.Billing.Collections {
		if c.N == 0 || int(c.N) > len(h.Items) || h.Items[c.N-1].Outcome != ledger.Pending {
			return fmt.Errorf("item %d is being collected, and its outcome is known", c.N)
		}
	}
	if pending != len(a.Billing.Collections) {
		return fmt.Errorf("%d items are being collected, the account knows of %d", pending, len(a.Billing.Collections))
	}
	return nil
}

package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// shelf is a ledger over a book with one account that has a line, an open hold and a charge.
func shelf(t *testing.T) (*stage, *ledger.Ledger) {
	s := newStage(t)
	p := ledger.Purchase{Account: s.id, Scene: ledger.TopUp, Order: "o1", Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 100}
	s.do(&ledger.Authorize{Request: ledger.Request{Caller: "test", ID: "a"}, Purchase: p})
	p.Order = "o2"
	s.do(&ledger.Charge{Request: ledger.Request{Caller: "test", ID: "b"}, Purchase: p})
	return s, s.core.Ledger
}

// TestUnreadableBook: whichever row of those that a command asks for cannot be read, nothing panics, and the book's Err
// is set, which is what counts.
func TestUnreadableBook(t *testing.T) {
	p := ledger.Purchase{Account: ledger.NewAccountID(0, 1), Scene: ledger.TopUp, Order: "o1", Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 1}
	held, sold := ledger.AuthorizationID{Account: p.Account, N: 1}, ledger.AuthorizationID{Account: p.Account, N: 2}
	again := p
	again.Order = "o2"
	request := func(id ledger.RequestID) ledger.Request { return ledger.Request{Caller: "test", ID: id} }
	for _, c := range []ledger.Command{
		&ledger.OpenAccount{Request: request("o"), Consumer: "c2", Currency: "CNY"},
		&ledger.Authorize{Request: request("a"), Purchase: p}, // sent again
		&ledger.Charge{Request: request("b"), Purchase: again},
		&ledger.Authorize{Request: request("c"), Purchase: p},
		&ledger.Charge{Request: request("c"), Purchase: again},
		&ledger.Check{Purchase: p},
		&ledger.CaptureHold{Request: request("c"), Authorization: held, Currency: "CNY"},
		&ledger.CaptureHold{Request: request("c"), Authorization: sold, Currency: "CNY"},
		&ledger.RefundCapture{Request: request("c"), Authorization: sold, Currency: "CNY", Amount: 1},
		&ledger.Void{Request: request("c"), Authorization: held},
		&ledger.Reverse{Request: request("c"), Account: p.Account, Order: "o1"},
		&ledger.Reverse{Request: request("c"), Account: p.Account, Order: "o2"},
		&ledger.Freeze{Request: request("c"), Account: p.Account},
		&ledger.ClaimOrder{Caller: "test", Order: "o3", Account: p.Account},
		&ledger.GetAccount{Account: p.Account},
		&ledger.GetAccount{Consumer: "c"},
		&ledger.ListAccounts{Limit: 9},
		&ledger.GetAuthorization{Authorization: sold},
		&ledger.LookupOrder{Caller: "test", Order: "o1"},
		&ledger.LookupOrder{Caller: "test", Order: "o2"},
		&ledger.ListAuthorizations{Account: p.Account, Limit: 9},
		&ledger.Tick{Accounts: []ledger.AccountID{p.Account}},
	} {
		for reads := 0; ; reads++ {
			s, l := shelf(t)
			s.core.Book.FailAfter(reads, errors.New("unreadable"))
			require.NotPanics(t, func() { l.Apply(s.now.Add(time.Hour), c, func(*ledger.Entry) {}) }, "%T after %d reads", c, reads)
			if s.core.Book.Err() == nil {
				break // it never asked for so many
			}
		}
	}
}

// TestFoldOfWhatIsNotThere: a journal that names an account which no entry opened is a bug, not an answer.
func TestFoldOfWhatIsNotThere(t *testing.T) {
	l := ledger.New(sim.NewBook(0), terms.Default(), calendar.UTC)
	e := &ledger.Entry{Sequence: 1, Fact: &ledger.StatusSet{Account: 1, Status: ledger.AccountFrozen}}
	require.Panics(t, func() { l.Fold(e) })
	require.Panics(t, func() { l.Fold(&ledger.Entry{Sequence: 2}) })
}

func TestHeadroomAndDeadlines(t *testing.T) {
	s, l := shelf(t)
	a := s.core.Book.Account(s.id)
	require.Equal(t, s.now.Add(30*time.Minute), a.NextDeadline())
	require.Zero(t, (&ledger.Account{}).NextDeadline())
	h, open := a.Open(1)
	require.True(t, open)
	require.EqualValues(t, 100, h.Held)
	_, open = a.Open(2)
	require.False(t, open)

	all := a.Headroom(ledger.NoScene, 0)
	require.Equal(t, ledger.Headroom{Limit: 1000, Held: 100, Posted: 100, Available: 800, AccountLimit: 1000, AccountHeld: 100, AccountPosted: 100}, all)
	require.False(t, all.OverLimit())
	require.True(t, ledger.Headroom{Available: -1}.OverLimit())
	require.Equal(t, "default-1", l.Terms().Version)

	raise := ledger.TemporaryLimit{Limit: 5, LastDay: 7}
	require.True(t, raise.Active(7))
	require.False(t, raise.Active(8))
	require.False(t, ledger.TemporaryLimit{LastDay: 7}.Active(7))
}

func TestNames(t *testing.T) {
	require.Equal(t, "UNKNOWN", ledger.Reason(99).String())
	require.Equal(t, "NONE", ledger.NoScene.String())
	require.Equal(t, ledger.NoReason, ledger.Reasons(0).First())
	reasons := only(ledger.LineLimit, ledger.AccountIsFrozen)
	require.True(t, reasons.Has(ledger.LineLimit))
	require.False(t, reasons.Has(ledger.AccountLimit))
	require.Equal(t, "ACCOUNT_FROZEN,LINE_LIMIT", reasons.String())
	for first := range reasons.All() {
		require.Equal(t, ledger.AccountIsFrozen, first)
		break
	}
	f := &ledger.Fault{Reason: "R", Message: "m"}
	require.Equal(t, "R: m", f.Error())
	seen := map[string]bool{}
	for r := ledger.NoReason; r <= ledger.BillAlreadyPaid; r++ {
		seen[r.String()] = true
	}
	require.Len(t, seen, int(ledger.BillAlreadyPaid)+1)
	require.NotContains(t, seen, "")
}

// TestPaidBillsAreBounded pays more bills than an account remembers: the newest are noticed, the oldest may be paid again.
func TestPaidBillsAreBounded(t *testing.T) {
	s := newStage(t)
	s.do(&ledger.SetLimits{Request: s.next(), Account: s.id, Currency: "CNY", SetAccount: true, Limit: 10_000})
	s.do(&ledger.OpenLine{Request: s.next(), Account: s.id, Currency: "CNY", Line: ledger.LineOpening{Scene: ledger.Bill, Limit: 10_000, Agreement: "v1", Accepted: "v1"}})
	orders := 0
	pay := func(bill int) ledger.Reasons {
		orders++
		return s.do(&ledger.Charge{Request: s.next(), Purchase: ledger.Purchase{
			Account: s.id, Scene: ledger.Bill, Order: ledger.OrderID(fmt.Sprint(orders)), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 1,
			Bill: ledger.BillID(fmt.Sprint("b", bill)),
		}}).Reasons
	}
	for bill := range ledger.MostPaidBills + 1 {
		require.Zero(t, pay(bill))
	}
	require.Equal(t, only(ledger.BillAlreadyPaid), pay(ledger.MostPaidBills))
	require.Equal(t, only(ledger.BillAlreadyPaid), pay(1))
	require.Len(t, s.core.Book.Account(s.id).Bills, ledger.MostPaidBills)
	require.Zero(t, pay(0))
}

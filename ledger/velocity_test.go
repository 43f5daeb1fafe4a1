package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// past is what velocity should know, kept in the plainest way.
type past struct {
	at       calendar.Instant
	amount   money.Amount
	n        uint32
	phone    PhoneToken
	carrier  CarrierID
	declined bool
	returned bool
}

// expected counts the plain way: each window by itself, over everything that ever was.
func expected(all []past, now calendar.Instant, phone PhoneToken, carrier CarrierID) *feature.Set {
	set := new(feature.Set)
	for w, length := range windowLengths {
		window := feature.Window(w)
		phones := map[PhoneToken]bool{}
		for _, p := range all {
			if time.Duration(now-p.at) >= length {
				continue
			}
			count := func(g feature.Group) {
				set.Numbers[feature.CountOf(g, window)]++
				if g <= feature.OfCarrier {
					set.Numbers[feature.SumOf(g, window)] += int64(p.amount)
				}
			}
			if p.declined {
				count(feature.OfDeclined)
				continue
			}
			count(feature.OfAccount)
			if p.phone == phone && phone != "" {
				count(feature.OfPhone)
			}
			if p.carrier == carrier {
				count(feature.OfCarrier)
			}
			if p.returned {
				count(feature.OfReturned)
			}
			if p.phone != "" && !phones[p.phone] {
				phones[p.phone] = true
				count(feature.OfPhones)
			}
		}
	}
	set.SetFlag(feature.PhoneKnown, set.Numbers[feature.CountOf(feature.OfPhone, feature.Month)] > 0)
	set.SetFlag(feature.CarrierKnown, set.Numbers[feature.CountOf(feature.OfCarrier, feature.Month)] > 0)
	return set
}

// Velocity agrees with a plain count over all that ever was, whatever comes, is added to and is given back, as long as there
// are no more orders than it remembers one by one.
func TestVelocityIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v Velocity
		var all []past
		now := calendar.Instant(1e18)
		for n := uint32(1); n <= 120; n++ {
			now = now.Add(time.Duration(rapid.Int64Range(0, rapid.SampledFrom([]int64{1, 6e11, 36e11, 864e11, 3e15}).Draw(t, "pause")).Draw(t, "rest")))
			p := past{now, money.Amount(rapid.Int64Range(1, 1000).Draw(t, "amount")), n,
				PhoneToken(rapid.SampledFrom([]string{"", "a", "b", "c", fmt.Sprint(n)}).Draw(t, "phone")),
				CarrierID(rapid.SampledFrom([]string{"x", "y", fmt.Sprint(n)}).Draw(t, "carrier")), rapid.Bool().Draw(t, "declined"), false}
			f := &OrderDecided{HoldRef: HoldRef{N: n, Carrier: p.carrier}, Phone: p.phone, Requested: p.amount, Kind: OrderDeclined}
			if !p.declined {
				f.Kind, f.Amount, f.Requested = OrderAuthorized, p.amount, p.amount+5
			}
			v.add(&Entry{Time: now}, f)
			all = append(all, p)
			switch one := rapid.IntRange(0, len(all)-1).Draw(t, "which"); rapid.IntRange(0, 5).Draw(t, "then") {
			case 0:
				if gone := all[one]; !gone.declined {
					v.giveBack(gone.n)
					all = append(all[:one:one], all[one+1:]...)
					if rapid.Bool().Draw(t, "captured late") {
						v.again(&Authorization{N: gone.n, Created: gone.at, Phone: gone.phone, Carrier: gone.carrier}, gone.amount, now)
						gone.returned = false
						all = append(all, gone)
					}
				}
			case 2:
				if !all[one].declined {
					all[one].returned = true
					v.returned(all[one].n)
				}
			case 1:
				if !all[one].declined {
					all[one].amount += 7
					v.more(all[one].n, 7)
				}
			}
			require.NoError(t, v.check())
			at := now.Add(time.Duration(rapid.Int64Range(0, 4e14).Draw(t, "asked later")))
			set := new(feature.Set)
			v.count(set, at, "a", "x")
			require.Equal(t, expected(all, at, "a", "x").Numbers, set.Numbers)
		}
	})
}

// Beyond what it remembers one by one, velocity never counts less of an account than there was, and stays bounded.
func TestVelocityErrsOnTheSideOfMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v Velocity
		var all []past
		now := calendar.Instant(1e18)
		for n := uint32(1); n <= MostSpends+200; n++ {
			now = now.Add(time.Duration(rapid.Int64Range(0, 2e12).Draw(t, "pause")))
			p := past{now, 10, n, PhoneToken(fmt.Sprint(n % 7)), CarrierID(fmt.Sprint(n % 3)), n%5 == 0, false}
			f := &OrderDecided{HoldRef: HoldRef{N: n, Carrier: p.carrier}, Phone: p.phone, Requested: 10, Amount: 10, Kind: OrderAuthorized}
			if p.declined {
				f.Kind = OrderDeclined
			}
			v.add(&Entry{Time: now}, f)
			all = append(all, p)
		}
		require.NoError(t, v.check())
		require.Len(t, v.Spends, MostSpends)
		set := new(feature.Set)
		v.count(set, now, "3", "1")
		want := expected(all, now, "3", "1")
		for w := feature.TenMinutes; int(w) < feature.Windows; w++ {
			for _, n := range []feature.Number{
				feature.CountOf(feature.OfAccount, w), feature.SumOf(feature.OfAccount, w), feature.CountOf(feature.OfDeclined, w),
				feature.CountOf(feature.OfPhone, w), feature.SumOf(feature.OfCarrier, w),
			} {
				require.GreaterOrEqual(t, set.Numbers[n], want.Numbers[n], n)
			}
		}
		require.Equal(t, want.Numbers[feature.CountOf(feature.OfAccount, feature.Month)], set.Numbers[feature.CountOf(feature.OfAccount, feature.Month)])
	})
}

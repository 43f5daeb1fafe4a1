package usage_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/checkpoint"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/usage"
)

const shard = 3

// journal is the entries of a random workload, with carriers whose days end at cut-offs and in two zones, and days that pass.
func journal(t *testing.T, seed uint64, steps int) (all []ledger.Entry) {
	t.Helper()
	product := terms.Default()
	product.Authorizations.MostOpenHolds = 4
	product.Delinquency.NoticeDays = nil
	zone, err := calendar.LoadZone("Asia/Shanghai")
	require.NoError(t, err)
	core, random := sim.NewCore(shard, product, zone), rand.New(rand.NewPCG(seed, 1))
	core.Every = 1 << 30
	work := sim.NewWorkload(calendar.InstantOf(time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC)), sim.Options{
		Shard: shard, Accounts: 12, Hot: 8, Jumps: 0.05, Zone: zone, Terms: product, Callers: 2, Carriers: true,
	})
	for range steps {
		c := work.Next(random)
		out, entries, err := core.Apply(work.Now, c)
		require.NoError(t, err, "seed %d: %T %+v", seed, c, c)
		work.Saw(out)
		all = append(all, entries...)
	}
	return all
}

// truth counts the slow way: it keeps what happened, one by one, with the clock of Go's own library.
type truth struct {
	t          *testing.T
	agreed     map[ledger.CarrierID]ledger.SettlementTerms
	days       map[place]*usage.Day
	amounts    map[place]map[money.Amount]int64
	visits     map[visitor][]calendar.Date
	currencies map[place]bool // of date 0
	late       int
}

type place struct {
	carrier  ledger.CarrierID
	currency money.Currency
	date     calendar.Date
}

type visitor struct {
	account  ledger.AccountID
	carrier  ledger.CarrierID
	currency money.Currency
}

func newTruth(t *testing.T) *truth {
	return &truth{
		t: t, agreed: map[ledger.CarrierID]ledger.SettlementTerms{}, days: map[place]*usage.Day{}, amounts: map[place]map[money.Amount]int64{},
		visits: map[visitor][]calendar.Date{}, currencies: map[place]bool{},
	}
}

// clock is a carrier's business day at an instant, and the hour.
func (u *truth) clock(id ledger.CarrierID, at calendar.Instant) (calendar.Date, int) {
	s, zone := u.agreed[id], time.UTC
	if s.Zone != "" {
		var err error
		zone, err = time.LoadLocation(s.Zone)
		require.NoError(u.t, err)
	}
	local := at.Time().In(zone)
	date, err := calendar.DateOf(local.Date())
	require.NoError(u.t, err)
	if s.CutOff != 0 && local.Hour()*60+local.Minute() >= int(s.CutOff/time.Minute) {
		date++
	}
	return date, local.Hour()
}

func (u *truth) day(h *ledger.HoldRef, d calendar.Date) *usage.Day {
	p := place{h.Carrier, h.Currency, d}
	if u.days[p] == nil {
		u.days[p] = &usage.Day{Date: d}
		u.currencies[place{h.Carrier, h.Currency, 0}] = true
	}
	return u.days[p]
}

func count(t *usage.Tally, amount money.Amount) { t.Count++; t.Amount += amount }

func (u *truth) add(e *ledger.Entry) {
	h := ledger.HoldOf(e.Fact)
	if h == nil {
		if f, ok := e.Fact.(*ledger.CarrierPut); ok {
			u.agreed[f.ID] = f.Settings.Settlement
		}
		return
	}
	today, _ := u.clock(h.Carrier, e.Time)
	cleared := today
	if c := ledger.ClearingOf(e.Fact); c.Date != 0 {
		cleared = c.Date
	}
	switch f := e.Fact.(type) {
	case *ledger.OrderDecided:
		u.order(e, f, today)
	case *ledger.HoldIncremented:
		if f.Reasons == 0 {
			u.day(h, today).Approved.Amount += f.Amount
		}
	case *ledger.HoldCaptured:
		count(&u.day(h, cleared).Captured, f.Amount)
	case *ledger.HoldReleased:
		count(&u.day(h, today).Released, f.Amount)
	case *ledger.OrderReversed:
		if f.Released > 0 {
			count(&u.day(h, today).Released, f.Released)
		}
		if f.Refunded > 0 {
			count(&u.day(h, cleared).Refunded, f.Refunded)
		}
	case *ledger.CaptureRefunded:
		count(&u.day(h, cleared).Refunded, f.Amount)
	}
}

func (u *truth) order(e *ledger.Entry, f *ledger.OrderDecided, today calendar.Date) {
	date, hour := u.clock(f.Carrier, e.Time)
	if f.Kind == ledger.OrderAdvised {
		date, hour = u.clock(f.Carrier, f.SaleTime)
	}
	d := u.day(&f.HoldRef, date)
	switch f.Kind {
	case ledger.OrderDeclined:
		count(&d.Declined, f.Requested)
		return
	case ledger.OrderAdvised:
		count(&d.Advised, f.Amount)
	default:
		count(&d.Approved, f.Amount)
	}
	d.Hours[hour]++
	p := place{f.Carrier, f.Currency, date}
	if u.amounts[p] == nil {
		u.amounts[p] = map[money.Amount]int64{}
	}
	u.amounts[p][f.Amount]++
	if f.Kind != ledger.OrderAuthorized {
		on := date
		if f.Clearing.Date != 0 {
			on = f.Clearing.Date
		}
		count(&u.day(&f.HoldRef, on).Captured, f.Amount)
	}
	v := visitor{f.Account, f.Carrier, f.Currency}
	if seen := u.visits[v]; date >= today-3 && (len(seen) == 0 || seen[len(seen)-1] < date) {
		u.visits[v] = append(seen, date)
	} else if len(seen) == 0 || seen[len(seen)-1] != date {
		u.late++
	}
}

// usage is what all of it comes to.
func (u *truth) usage(id ledger.CarrierID, currency money.Currency) map[calendar.Date]usage.Day {
	all := map[calendar.Date]usage.Day{}
	for p, d := range u.days {
		if p.carrier != id || p.currency != currency {
			continue
		}
		day := *d
		for v, dates := range u.visits {
			for i, date := range dates {
				if v.carrier == id && v.currency == currency && date == p.date {
					day.Accounts++
					if i+1 < len(dates) && dates[i+1] <= date+30 {
						day.Returned++
					}
				}
			}
		}
		all[p.date] = day
	}
	return all
}

// TestTheUsageIsThatOfTheOrders folds random journals, with a checkpoint and a restart now and then, and counts the orders.
func TestTheUsageIsThatOfTheOrders(t *testing.T) {
	returned, advised, late, zones := int64(0), int64(0), 0, map[string]bool{}
	for _, seed := range []uint64{1, 2, 3, 4} {
		fold, want := usage.New(shard), newTruth(t)
		for i, e := range journal(t, seed, 6_000) {
			require.NoError(t, fold.Add(&e))
			want.add(&e)
			if i%701 == 700 {
				fold = again(t, fold)
			}
		}
		late += want.late
		for c := range want.currencies {
			list := fold.Usage(c.carrier, 0, 0)
			at := -1
			for i := range list {
				if list[i].Currency == c.currency {
					at = i
				}
			}
			require.GreaterOrEqual(t, at, 0)
			zones[list[at].Zone] = true
			days := want.usage(c.carrier, c.currency)
			require.Len(t, list[at].Days, len(days))
			for _, have := range list[at].Days {
				exact := want.amounts[place{c.carrier, c.currency, have.Date}]
				requireDenominations(t, exact, &have.Denominations)
				have.Denominations = usage.Denominations{}
				require.Equal(t, days[have.Date], have, "seed %d, %v", seed, c)
				returned += have.Returned
				advised += have.Advised.Count
			}
		}
	}
	require.Greater(t, returned, int64(50))
	require.Greater(t, advised, int64(50))
	require.NotZero(t, late)
	require.Greater(t, len(zones), 1)
}

// requireDenominations holds counts to what they promise.
func requireDenominations(t *testing.T, exact map[money.Amount]int64, have *usage.Denominations) {
	t.Helper()
	var orders int64
	var sum money.Amount
	for amount, n := range exact {
		orders += n
		sum += amount * money.Amount(n)
	}
	require.Equal(t, orders, have.Orders)
	require.Equal(t, sum, have.Sum)
	require.LessOrEqual(t, have.Missed, orders/(usage.Most+1))
	listed := map[money.Amount]int64{}
	for _, n := range have.Listed {
		listed[n.Amount] = n.Orders
	}
	for amount, n := range exact {
		require.LessOrEqual(t, listed[amount], n)
		require.GreaterOrEqual(t, listed[amount], n-have.Missed)
	}
	if len(exact) <= usage.Most {
		require.Equal(t, len(exact), len(listed))
		require.Zero(t, have.Missed)
	}
}

// again is the fold of a checkpoint of the fold, which writes the same again.
func again(t *testing.T, f *usage.Fold) *usage.Fold {
	t.Helper()
	var b, second bytes.Buffer
	require.NoError(t, f.Write(&b))
	read, err := usage.Read(bytes.NewReader(b.Bytes()), shard)
	require.NoError(t, err)
	require.Equal(t, f.Sequence(), read.Sequence())
	require.Equal(t, f.Bytes(), read.Bytes())
	require.NoError(t, read.Write(&second))
	require.Equal(t, b.Bytes(), second.Bytes())
	return read
}

// TestADamagedCheckpointIsNone: whatever byte is another one, or is not there.
func TestADamagedCheckpointIsNone(t *testing.T) {
	f := usage.New(shard)
	for _, e := range journal(t, 9, 400) {
		require.NoError(t, f.Add(&e))
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	for at := range b.Len() {
		spoiled := bytes.Clone(b.Bytes())
		spoiled[at] ^= 1 << (at % 8)
		_, err := usage.Read(bytes.NewReader(spoiled), shard)
		require.ErrorIs(t, err, checkpoint.Err, "byte %d", at)
		if at%7 == 0 {
			_, err = usage.Read(bytes.NewReader(b.Bytes()[:at]), shard)
			require.ErrorIs(t, err, checkpoint.Err)
		}
	}
	_, err := usage.Read(bytes.NewReader(b.Bytes()), shard+1)
	require.ErrorIs(t, err, checkpoint.Err)
}

// TestManyAmounts has far more amounts than are counted, some of them often: those are listed, whatever comes between, and sums of
// days and shards keep what each promises.
func TestManyAmounts(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	var days [4]*usage.Fold
	exact, whole := map[money.Amount]int64{}, usage.Denominations{}
	for i := range days {
		days[i] = usage.New(shard)
		for n := range 20_000 {
			amount := money.Amount(1_000 + random.IntN(1_000_000))
			if n%3 == 0 {
				amount = money.Amount(10_000 * (1 + random.IntN(3)))
			}
			exact[amount]++
			require.NoError(t, days[i].Add(order(uint64(n+1), uint64(n%50+1), "cmcc", 1, amount)))
		}
		list := days[i].Usage("cmcc", 0, 0)
		require.Len(t, list, 1)
		require.LessOrEqual(t, len(list[0].Days[0].Denominations.Listed), usage.Most)
		sum := list[0].Sum()
		whole.Add(&sum.Denominations)
	}
	requireDenominations(t, exact, &whole)
	top, others, sum := whole.Top(3)
	var rest money.Amount
	for _, n := range top {
		require.Zero(t, int64(n.Amount)%10_000)
		require.Greater(t, n.Orders, int64(80_000/9-80_000/(usage.Most+1)-200)) // a ninth of all, less what may be missed, and some luck
		rest += n.Amount * money.Amount(n.Orders)
	}
	require.Equal(t, whole.Sum, rest+sum)
	require.Equal(t, whole.Orders, others+top[0].Orders+top[1].Orders+top[2].Orders)
}

// order is an entry that approves an order at noon of a day after 2026-01-01.
func order(sequence, account uint64, carrier ledger.CarrierID, day int, amount money.Amount) *ledger.Entry {
	at := time.Date(2026, 1, 1+day, 12, 0, 0, 0, time.UTC)
	return &ledger.Entry{Sequence: sequence, Time: calendar.InstantOf(at), Fact: &ledger.OrderDecided{
		HoldRef: ledger.HoldRef{Account: ledger.NewAccountID(shard, account), N: 1, Scene: ledger.TopUp, Carrier: carrier, Currency: "CNY"},
		Kind:    ledger.OrderAuthorized, Requested: amount, Amount: amount,
	}}
}

// TestManyCarriers has an account come back after 30 days and after 31, while it orders of others in between; and has more carriers
// than are told apart.
func TestManyCarriers(t *testing.T) {
	f, n := usage.New(shard), uint64(0)
	buy := func(carrier ledger.CarrierID, day int) {
		n++
		require.NoError(t, f.Add(order(n, 1, carrier, day, 100)))
	}
	for day := range 100 {
		for i, c := range []ledger.CarrierID{"daily", "monthly", "seldom", "weekly"} {
			if day%[]int{1, 30, 31, 7}[i] == 0 {
				buy(c, day)
			}
		}
		if day%11 == 0 {
			f = again(t, f)
		}
	}
	for c, want := range map[ledger.CarrierID][2]int64{"daily": {69, 69}, "monthly": {3, 3}, "seldom": {3, 0}, "weekly": {10, 10}} {
		u := f.Usage(c, 0, 0)
		accounts, returned := u[0].Repeat()
		require.Equal(t, want, [2]int64{accounts, returned}, "%s", c)
	}
	for i := range 5_000 {
		buy(ledger.CarrierID(time.Duration(i).String()), 100)
	}
	nameless := f.Usage("", 0, 0)
	require.Len(t, nameless, 1)
	require.EqualValues(t, 5_000-(4_096-5), nameless[0].Sum().Approved.Count)
	require.Nil(t, f.Usage("5µs-unknown", 0, 0))
	again(t, f)
}

// TestMergedShardsAreOne adds up the same orders in two shards.
func TestMergedShardsAreOne(t *testing.T) {
	one, two, all := usage.New(shard), usage.New(shard), usage.New(shard)
	for i := range uint64(400) {
		day, account := int(i/10), i%20
		require.NoError(t, all.Add(order(i+1, account+1, "cmcc", day, money.Amount(100+i%7))))
		half := one
		if account >= 10 {
			half = two
		}
		require.NoError(t, half.Add(order(half.Sequence()+1, account+1, "cmcc", day, money.Amount(100+i%7))))
	}
	require.Equal(t, all.Usage("cmcc", 0, 0), usage.Merge(one.Usage("cmcc", 0, 0), two.Usage("cmcc", 0, 0), one.Usage("nobody", 0, 0)))
}

package figures

import (
	"math"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// leastCaptures is how many captures of a week a carrier must have for its returns to be a rate.
const leastCaptures = 100

// Of is what rules about the portfolio may ask of a currency, by their names: risk/policy lists them, with what each means. Expected
// loss is by the loss given default that is given. The scorecard, which may be nil, is that of a version of the policy,
// against whose training shares its applicants are held.
func Of(p *portfolio.Portfolio, c money.Currency, lgd portfolio.Millionths, card *scorecard.Scorecard, version string) (figures map[string]float64, worst ledger.CarrierID) {
	f := map[string]float64{}
	var limit, owed, exposed, overdue, overdue30 money.Amount
	open, used := int64(0), money.Amount(0)
	for i := range p.Standing {
		s := &p.Standing[i]
		if s.Currency != c {
			continue
		}
		open += s.Accounts - s.Closed
		limit += s.Limit
		owed += s.Owed()
		used += s.Exposed()
		exposed += max(s.Limit, s.Exposed())
		overdue += s.Overdue
		if b := bucket(p, s.Bucket); b != nil && b.PastDue() && b.FromDay > portfolio.BadDays {
			overdue30 += s.Overdue
		}
	}
	f["accounts"], f["exposure"], f["receivables"] = float64(open), float64(exposed), float64(owed)
	f["utilisation_percent"] = percent(used, limit)
	f["past_due_percent"], f["past_due_30_percent"] = percent(overdue, owed), percent(overdue30, owed)
	recentFigures(p, c, f)
	rollFigures(p, c, f)
	firstFigures(p, c, f)
	var lost money.Amount
	for _, l := range p.Losses(lgd, nil) {
		if l.Currency == c {
			lost += l.Expected
		}
	}
	f["expected_loss_percent"] = percent(lost, used)
	worst = carrierFigures(p, c, f)
	if card != nil {
		f["psi_max"] = Stability(p, card, version)
	}
	return f, worst
}

// percent is a part of a whole; 0 of nothing.
func percent[T ~int64](part, whole T) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func bucket(p *portfolio.Portfolio, name portfolio.Bucket) *portfolio.BucketInfo {
	for i := range p.Buckets {
		if p.Buckets[i].Bucket == name {
			return &p.Buckets[i]
		}
	}
	return nil
}

// between adds up the days from the first to the last, both included, of all carriers.
func between(p *portfolio.Portfolio, c money.Currency, first, last calendar.Date) (sum portfolio.Recent) {
	for i := range p.Recents {
		if r := &p.Recents[i]; r.Currency == c && r.Day >= first && r.Day <= last {
			sum.Add(r)
		}
	}
	return sum
}

func recentFigures(p *portfolio.Portfolio, c money.Currency, f map[string]float64) {
	yesterday := p.Day - 1
	week, before, last := between(p, c, p.Day-7, yesterday), between(p, c, p.Day-35, p.Day-8), between(p, c, yesterday, yesterday)
	f["applications_7d"] = float64(week.Applications)
	f["approval_rate_percent"] = percent(week.Offered, week.Applications)
	f["approval_rate_before_percent"] = percent(before.Offered, before.Applications)
	f["order_decline_rate_percent"] = percent(last.Declined, last.Orders)
	f["risk_decline_rate_percent"] = percent(last.ByRisk, last.Orders)
}

// rollFigures are of the last month that is over.
func rollFigures(p *portfolio.Portfolio, c money.Currency, f map[string]float64) {
	month := p.Day.Month() - 1
	m := p.Matrix(c, int(month), int(month))
	var late []int // buckets past due, in order
	for i := range m.Buckets {
		if m.Buckets[i].PastDue() {
			late = append(late, i)
		}
	}
	current, lost := place(m, portfolio.Current), place(m, portfolio.ChargedOff)
	steps := []string{"roll_m0_m1_percent", "roll_m1_m2_percent", "roll_m2_m3_percent"}
	from := current
	for i, name := range steps {
		if i == len(late) || from < 0 {
			break
		}
		f[name] = percent(m.Counts[from][late[i]], m.Row(from))
		from = late[i]
	}
	off, all := int64(0), int64(0)
	for i := range m.Buckets {
		if i != lost && m.Buckets[i].Bucket != portfolio.NothingOwed {
			all += m.Row(i)
			if lost >= 0 {
				off += m.Counts[i][lost]
			}
		}
	}
	f["charged_off_percent"] = percent(off, all)
}

// place is the row and column of a bucket; -1 when there is none.
func place(m *portfolio.Matrix, name portfolio.Bucket) int {
	return slices.IndexFunc(m.Buckets, func(b portfolio.BucketInfo) bool { return b.Bucket == name })
}

// firstFigures are of the last month of first due dates of which it is known for all whether they were paid.
func firstFigures(p *portfolio.Portfolio, c money.Currency, f map[string]float64) {
	for i := len(p.Firsts) - 1; i >= 0; i-- {
		if d := &p.Firsts[i]; d.Currency == c && d.Matured == d.Accounts && d.Accounts > 0 {
			f["first_payment_default_percent"] = percent(d.Defaulted, d.Accounts)
			return
		}
	}
}

// carrierFigures are of the carrier with the most captures of 30 days, and of the one with the worst returns of 7, which they
// name.
func carrierFigures(p *portfolio.Portfolio, c money.Currency, f map[string]float64) (worst ledger.CarrierID) {
	var carriers []ledger.CarrierID
	var all money.Amount
	month, week := map[ledger.CarrierID]money.Amount{}, map[ledger.CarrierID]*portfolio.Recent{}
	for i := range p.Recents {
		r := &p.Recents[i]
		if r.Currency != c || r.Carrier == "" {
			continue
		}
		if !slices.Contains(carriers, r.Carrier) {
			carriers = append(carriers, r.Carrier)
			week[r.Carrier] = &portfolio.Recent{}
		}
		if r.Day > p.Day-30 {
			month[r.Carrier] += r.Captured
			all += r.Captured
		}
		if r.Day > p.Day-7 {
			week[r.Carrier].Add(r)
		}
	}
	for _, carrier := range carriers {
		f["carrier_share_percent"] = max(f["carrier_share_percent"], percent(month[carrier], all))
		if w := week[carrier]; w.Captures >= leastCaptures {
			if returned := percent(w.Returns, w.Captures); returned > f["carrier_returned_percent"] {
				f["carrier_returned_percent"], worst = returned, carrier
			}
		}
	}
	return worst
}

// leastApplications is how many applications a month must have for their points to be a population.
const leastApplications = 100

// Stability is the largest population stability index of a characteristic; 0 where none can be told.
func Stability(p *portfolio.Portfolio, card *scorecard.Scorecard, version string) (most float64) {
	for _, s := range Stabilities(p, card, version) {
		most = max(most, s.Index)
	}
	return most
}

// Shifted is how far those who apply are from those whom a scorecard was made from, by one of its characteristics.
type Shifted struct {
	Characteristic string
	Applications   int64   // that were scored in this month and the last
	Told           bool    // whether there is an index: the scorecard has the shares of its training part, and enough have applied
	Index          float64 // population stability index
}

// Stabilities are the population stability indices of all characteristics, in their order: the points of those who applied in
// this month and the last, against the shares that the scorecard has of its training part.
func Stabilities(p *portfolio.Portfolio, card *scorecard.Scorecard, version string) (list []Shifted) {
	since := p.Day.Month() - 1
	for i := range card.Characteristics {
		c := &card.Characteristics[i]
		expected, whole := map[int32]float64{}, 0.0
		var points []int32
		shares := func(r *scorecard.Rest) {
			if r == nil || r.Share == nil {
				return
			}
			if _, there := expected[int32(r.Points)]; !there {
				points = append(points, int32(r.Points))
			}
			expected[int32(r.Points)] += *r.Share
			whole += *r.Share
		}
		for j := range c.Bins {
			shares(&c.Bins[j].Rest)
		}
		shares(c.Missing)
		actual, applied := map[int32]float64{}, 0.0
		for _, s := range p.Scored {
			if s.Month >= since && s.Policy == version && s.Characteristic == c.Label {
				actual[s.Points] += float64(s.Applications)
				applied += float64(s.Applications)
			}
		}
		shifted := Shifted{Characteristic: c.Label, Applications: int64(applied)}
		if whole == 0 || applied < leastApplications {
			list = append(list, shifted)
			continue
		}
		index := 0.0
		for _, at := range points {
			const least = 1e-4 // a share of nothing would be infinitely far from any other
			e, a := max(expected[at]/whole, least), max(actual[at]/applied, least)
			index += (a - e) * math.Log(a/e)
		}
		shifted.Told, shifted.Index = true, index
		list = append(list, shifted)
	}
	return list
}

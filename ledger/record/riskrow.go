package record

import "github.com/holdfast-credit/holdfast/ledger"

func walkRiskVerdict(r *row, v *ledger.Verdict) {
	b := (*[9]byte)(r.block(9))
	eight(r, b[0:], &v.Hash)
	one(r, b[8:], &v.Action)
	n := r.list(2)
	number(r, &n[0], &v.Cap)
	unsigned(r, &n[1], &v.Rules)
	word(r, &v.Policy)
	word(r, &v.Reasons)
	word(r, &v.Inputs)
	if r.reading && v.Action != ledger.NoAction && !v.Action.Valid() {
		r.spoil()
	}
}

// leastSpend is how many bytes a spend takes.
const leastSpend = 30

func walkVelocity(r *row, v *ledger.Velocity) {
	n := r.list(3)
	spends := elements(r, &n[0], &v.Spends, leastSpend)
	phones := elements(r, &n[1], &v.Phones, 1)
	carriers := elements(r, &n[2], &v.Carriers, 1)
	for i := range phones {
		word(r, &phones[i])
	}
	for i := range carriers {
		word(r, &carriers[i])
	}
	for i := range spends {
		s := &spends[i]
		b := (*[leastSpend]byte)(r.block(leastSpend))
		eight(r, b[0:], &s.Time)
		eight(r, b[8:], &s.Amount)
		four(r, b[16:], &s.N)
		four(r, b[20:], &s.Orders)
		two(r, b[24:], &s.Phone)
		two(r, b[26:], &s.Carrier)
		flag(r, b[28:], &s.Declined)
		flag(r, b[29:], &s.Returned)
		if r.reading && (int(s.Phone) > len(phones) || s.Carrier == 0 || int(s.Carrier) > len(carriers)) {
			r.spoil()
		}
	}
}

func walkConduct(r *row, c *ledger.Conduct) {
	n := r.list(8)
	unsigned(r, &n[0], &c.Late)
	truth(r, &n[1], &c.FirstMissed)
	number(r, &n[2], &c.Worst)
	number(r, &n[3], &c.Failed)
	number(r, &n[4], &c.Utilisation)
	number(r, &n[5], &c.Score)
	number(r, &n[6], &c.ScoreBefore)
	warnings := elements(r, &n[7], &c.Warnings, 9)
	walkWarned(r, warnings)
}

func walkWarned(r *row, warnings []ledger.Warned) {
	for i := range warnings {
		eight(r, r.block(8), &warnings[i].Time)
		r.list(0)
		word(r, &warnings[i].Rule)
	}
}

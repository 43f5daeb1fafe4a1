package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// act is a command at an instant.
type act struct {
	at      calendar.Instant
	command ledger.Command
	id      int // of its life, the first is 1
	of      int // the act whose payment it undoes, if it does
}

// refer gives an act its number, and an act that undoes a payment the item of that payment, which is another when acts before it
// are left out.
func (v *living) refer(a *act) {
	if a.id == 0 {
		a.id = len(v.acts) + 1
	}
	c, ok := a.command.(*ledger.ReverseRepayment)
	if !ok {
		return
	}
	for id, item := range v.made {
		if a.of == 0 && item == int(c.Item) {
			a.of = id
		}
	}
	if a.of != 0 {
		c.Item = uint32(v.made[a.of])
	}
}

// about counts what is about to happen to the past of what is owed.
func (c census) about(l *Life, command ledger.Command) {
	switch command := command.(type) {
	case *ledger.PostRepayment:
		c.aboutValue(l, command.ValueDate)
	case *ledger.ReportCollection:
		c.aboutValue(l, command.ValueDate)
	case *ledger.ReverseRepayment:
		c.aboutBounce(l, command)
	case *ledger.PausePenalty:
		if slices.ContainsFunc(l.owing(), func(d *debt) bool { return d.through == command.Pause.From }) {
			c["paused as of a day that was reckoned"]++
		}
	}
}

func (c census) aboutValue(l *Life, value calendar.Date) {
	for _, d := range l.owing() {
		for _, m := range d.marks {
			if m.billing && m.value > d.Closes && value != 0 && value < m.value {
				c["paid as of before an acceleration"]++
			}
		}
	}
}

func (c census) aboutBounce(l *Life, command *ledger.ReverseRepayment) {
	after := l.Clone()
	if after.Do(command) != "" {
		return
	}
	item := int(command.Item)
	for i, d := range l.debts {
		p := l.payments[slices.IndexFunc(l.payments, func(p *payment) bool { return p.item == item })]
		if p.opens == d.Opens && d.total() != 0 && d.terms.MinimumDue.Rate > 0 {
			c["bounced into the debt of a window that was open"]++
		}
		if slices.ContainsFunc(d.marks, func(m mark) bool { return m.payment == item }) && d.total() == 0 && !slices.Contains(p.settled, d.Opens) {
			c["bounced of a debt that others settled"]++
		}
		_, was := l.dueOf(d)
		_, is := after.dueOf(after.debts[i])
		if was && !is && slices.ContainsFunc(d.marks, func(m mark) bool { return !m.billing && m.value > d.Due }) {
			c["bounced and carried no more"]++
		}
	}
}

// relive carries acts out again from the beginning.
func (b *birth) relive(acts []act) error {
	v, err := b.begin()
	if err != nil {
		return err
	}
	for _, a := range acts {
		if err := v.do(a); err != nil {
			return err
		}
	}
	return v.finish()
}

// shrink leaves out all acts that are not needed to fail.
func (b *birth) shrink(acts []act, err error) ([]act, error) {
	for size, begun := len(acts)/2, time.Now(); size > 0 && time.Since(begun) < 10*time.Second; {
		again := false
		for from := 0; from < len(acts); {
			fewer := append(append([]act(nil), acts[:from]...), acts[min(len(acts), from+size):]...)
			if e := b.relive(fewer); e != nil {
				acts, err, again = fewer, e, true
			} else {
				from += size
			}
		}
		if size > 1 || !again {
			size /= 2
		}
	}
	return acts, err
}

// tell writes acts so that people can read them.
func (b *birth) tell(acts []act) string {
	var s strings.Builder
	location, _ := time.LoadLocation(b.zone.String())
	fmt.Fprintf(&s, "seed %d, %s, opened %s, day %d, channel %s", b.seed, b.zone, b.at.Time().In(location).Format(time.DateTime), b.open.Day, b.open.Channel)
	base := terms.Default()
	for i, t := range b.versions {
		fmt.Fprintf(&s, "\nterms %d:", i)
		for _, c := range terms.Compare(base, t) {
			fmt.Fprintf(&s, " %v", c)
		}
	}
	for _, a := range acts {
		fmt.Fprintf(&s, "\n%s %s", a.at.Time().In(location).Format("2006-01-02 15:04"), tellCommand(a.command))
	}
	return s.String()
}

// tellCommand leaves out what is always the same.
func tellCommand(c ledger.Command) string {
	switch c := c.(type) {
	case *ledger.Charge:
		return "Charge" + tellPurchase(&c.Purchase)
	case *ledger.Authorize:
		return "Authorize" + tellPurchase(&c.Purchase)
	case *ledger.Advise:
		return "Advise" + tellPurchase(&c.Purchase)
	case *ledger.PostRepayment:
		if c.ValueDate == 0 {
			return fmt.Sprintf("PostRepayment %d", c.Amount)
		}
		return fmt.Sprintf("PostRepayment %d value date %s", c.Amount, c.ValueDate)
	case *ledger.WaiveCharges:
		return fmt.Sprintf("WaiveCharges %s %s %d", c.Opens, c.Part, c.Amount)
	case *ledger.PausePenalty:
		return fmt.Sprintf("PausePenalty %s to %s", c.Pause.From, c.Pause.To)
	case *ledger.PlanStatement:
		return fmt.Sprintf("PlanStatement %s %+v", c.Opens, c.Choice)
	}
	return fmt.Sprintf("%T %+v", c, c)
}

func tellPurchase(p *ledger.Purchase) string {
	if p.Plan.Months == 0 {
		return fmt.Sprintf(" %d %s %s", p.Amount, p.Scene, p.Order)
	}
	return fmt.Sprintf(" %d %s %s over %d months %s", p.Amount, p.Scene, p.Order, p.Plan.Months, p.Plan.Method)
}

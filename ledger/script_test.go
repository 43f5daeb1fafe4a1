package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestScripts runs the scripts in testdata/script: commands in, outcomes out. Every step checks the invariants; at the end
// of each script every request is sent again, and the journal is folded again over half-flushed books.
//
// The language, a command each: an account is its number, an authorization account/number. Left out are the request
// id (a new one), the carrier (cmcc), the phone (p1), the caller (shop) and the currency (CNY).
//
//	config zone=Europe/London late=24h tolerance=500   a new shard, with other terms than the default ones
//	at 2026-01-31 23h59m                               the clock, that long after the start of the day
//	advance 30m
//	open consumer=c1 limit=50000 TOPUP=20000 BILL=10000 agreement=v1 accepted=v1
//	authorize 1 TOPUP order=o1 amount=3000 lifetime=1h partial minimum=100 req=r7 caller=app
//	capture 1/1 amount=1000 final
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/script", func(t *testing.T, path string) {
		s := newScript(t, "Asia/Shanghai", terms.Default())
		datadriven.RunTest(t, path, s.step)
		s.finish()
	})
}

// script runs one script against one shard.
type script struct {
	t         *testing.T
	core      *sim.Core
	zone      calendar.Zone
	now       calendar.Instant
	requests  int
	snapshots []*sim.Book
	d         *datadriven.TestData
	claimed   map[string]bool // arguments that were read
}

func newScript(t *testing.T, zone string, product *terms.Terms) *script {
	z, err := calendar.LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, zone: z, core: sim.NewCore(0, product, z)}
	day, _ := calendar.DateOf(2026, time.January, 5)
	s.now = z.Start(day).Add(9 * time.Hour)
	s.snapshots = append(s.snapshots, s.core.Book.Clone())
	return s
}

// finish asks everything again, now and much later, and folds the journal again.
func (s *script) finish() {
	for _, later := range []time.Duration{0, 50 * 24 * time.Hour} {
		if err := s.core.AskAgain(s.now.Add(later)); err != nil {
			s.t.Errorf("asked again after %v: %v", later, err)
		}
	}
	if err := s.core.Refold(s.snapshots, rand.New(rand.NewPCG(1, 2))); err != nil {
		s.t.Error(err)
	}
}

// step runs a command of the script.
func (s *script) step(t *testing.T, d *datadriven.TestData) string {
	s.t, s.d, s.claimed = t, d, map[string]bool{}
	switch d.Cmd {
	case "config":
		s.config()
	case "at":
		s.now = s.zone.Start(s.date(0)).Add(s.elapsed(1))
		return fmt.Sprintf("%s\n", s.clock(s.now))
	case "advance":
		s.now = s.now.Add(s.elapsed(0))
		return fmt.Sprintf("%s\n", s.clock(s.now))
	default:
		c := s.command()
		s.unread()
		return s.apply(c)
	}
	s.unread()
	return ""
}

// apply carries a command out and tells what came of it.
func (s *script) apply(c ledger.Command) string {
	out, entries, err := s.core.Apply(s.now, c)
	if err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	s.snapshots = append(s.snapshots, s.core.Book.Clone())
	var b strings.Builder
	for i := range entries {
		if f, ok := entries[i].Fact.(*ledger.HoldReleased); ok && f.Expired {
			fmt.Fprintf(&b, "expired %s %d, is %s", short(f.ID()), f.Amount, f.State)
			if f.WasSubmitted {
				b.WriteString(", was submitted")
			}
			b.WriteByte('\n')
		}
		if k := ledger.BookingOf(entries[i].Fact); k != nil {
			tellBooking(&b, k)
		}
	}
	s.tell(&b, out)
	return tidy(b.String())
}

// tidy drops empty lines, and spaces at the ends of lines.
func tidy(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// config begins again with other terms or another zone.
func (s *script) config() {
	product := terms.Default()
	a := &product.Authorizations
	a.LateCapture = s.duration("late", a.LateCapture)
	a.LongestLifetime = s.duration("max_lifetime", a.LongestLifetime)
	a.LongestSubmitted = s.duration("max_submitted", a.LongestSubmitted)
	a.RequestsKept = s.duration("requests_kept", a.RequestsKept)
	a.Tolerance = terms.Rate(s.number("tolerance")) * 100 // basis points
	if n := s.number("max_parts"); n != 0 {
		a.MostParts = int(n)
	}
	if n := s.number("max_holds"); n != 0 {
		a.MostOpenHolds = int(n)
	}
	s.configDebts(product)
	s.configPoints(product)
	fresh := newScript(s.t, s.text("zone", "Asia/Shanghai"), product)
	fresh.d, fresh.claimed = s.d, s.claimed
	*s = *fresh
}

// What follows reads the arguments of a command.

func (s *script) arg(key string) (string, bool) {
	for _, a := range s.d.CmdArgs {
		if a.Key == key && len(a.Vals) < 2 {
			s.claimed[key] = true
			return strings.Join(a.Vals, ""), true
		}
	}
	return "", false
}

func (s *script) text(key, otherwise string) string {
	if v, ok := s.arg(key); ok {
		return v
	}
	return otherwise
}

func (s *script) flag(key string) bool {
	_, ok := s.arg(key)
	return ok
}

func (s *script) number(key string) money.Amount {
	v, ok := s.arg(key)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		s.d.Fatalf(s.t, "%s: %v", key, err)
	}
	return money.Amount(n)
}

func (s *script) duration(key string, otherwise time.Duration) time.Duration {
	v, ok := s.arg(key)
	if !ok {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		s.d.Fatalf(s.t, "%s: %v", key, err)
	}
	return d
}

// list is an argument with several values, in brackets or one.
func (s *script) list(key string) []string {
	for _, a := range s.d.CmdArgs {
		if a.Key == key {
			s.claimed[key] = true
			return a.Vals
		}
	}
	return nil
}

// position is the argument at a place; the empty string when there is none.
func (s *script) position(i int) string {
	if i >= len(s.d.CmdArgs) || len(s.d.CmdArgs[i].Vals) > 0 {
		return ""
	}
	s.claimed[s.d.CmdArgs[i].Key] = true
	return s.d.CmdArgs[i].Key
}

func (s *script) date(i int) calendar.Date {
	day, err := calendar.ParseDate(s.position(i))
	if err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	return day
}

func (s *script) elapsed(i int) time.Duration {
	v := s.position(i)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	return d
}

// unread refuses arguments that nothing read: a typing error would otherwise test nothing.
func (s *script) unread() {
	for _, a := range s.d.CmdArgs {
		if !s.claimed[a.Key] {
			s.d.Fatalf(s.t, "%s does not know %q", s.d.Cmd, a.Key)
		}
	}
}

func (s *script) scene(v string) ledger.Scene {
	for scene := ledger.TopUp; scene.Valid(); scene++ {
		if scene.String() == v {
			return scene
		}
	}
	if v != "" {
		s.d.Fatalf(s.t, "no such scene: %s", v)
	}
	return ledger.NoScene
}

func (s *script) account(v string) ledger.AccountID {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		s.d.Fatalf(s.t, "want an account's number: %v", err)
	}
	return ledger.NewAccountID(0, n)
}

func (s *script) authorization(v string) ledger.AuthorizationID {
	account, number, ok := strings.Cut(v, "/")
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil {
		s.d.Fatalf(s.t, "want an authorization as account/number, have %q", v)
	}
	return ledger.AuthorizationID{Account: s.account(account), N: uint32(n)}
}

package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// MaxPolicies is how many versions of the risk policy may be put.
const MaxPolicies = 1_000

// mostActivations bounds how many activations lie in the future.
const mostActivations = 100

// PolicyVersion is a risk policy that was put.
type PolicyVersion struct {
	Version  string
	Document string
	Put      calendar.Instant
	Caller   Caller
}

// Activation says from when on a version is in force, or decides alongside as the shadow. An empty version ends the shadow.
type Activation struct {
	Version string
	From    calendar.Instant
	Shadow  bool
	Set     calendar.Instant // when it was asked for
	Caller  Caller
}

// InForce is the version that is in force at an instant, or the shadow; empty when none was activated.
func (s *Shard) InForce(now calendar.Instant, shadow bool) string {
	for i := len(s.Activations) - 1; i >= 0; i-- {
		if a := &s.Activations[i]; a.Shadow == shadow && a.From <= now {
			return a.Version
		}
	}
	return ""
}

func (s *Shard) policy(version string) *PolicyVersion {
	for i := range s.Policies {
		if s.Policies[i].Version == version {
			return &s.Policies[i]
		}
	}
	return nil
}

func (s *Shard) putPolicy(e *Entry, f *PolicyPut) {
	s.Policies = append(s.Policies, PolicyVersion{clone(f.Version), clone(f.Document), e.Time, Caller(clone(string(e.Request.Caller)))})
}

// activate adds an activation in order of time, and forgets those that it or another has succeeded.
func (s *Shard) activate(e *Entry, f *PolicyActivated) {
	list := slices.DeleteFunc(slices.Clone(s.Activations), func(a Activation) bool {
		return a.Shadow == f.Shadow && a.From == f.From
	})
	list = append(list, Activation{clone(f.Version), f.From, f.Shadow, e.Time, Caller(clone(string(e.Request.Caller)))})
	slices.SortStableFunc(list, func(a, b Activation) int { return cmp.Compare(a.From, b.From) })
	var kept []Activation
	for i, a := range list {
		succeeded := slices.ContainsFunc(list[i+1:], func(b Activation) bool { return b.Shadow == a.Shadow && b.From <= e.Time })
		if !succeeded {
			kept = append(kept, a)
		}
	}
	s.Activations = kept
}

// UsePolicies gives the ledger the risk policy that is in force while no other has been activated, which may be nil for
// none, and what makes policies of documents. Without them, whatever was activated is not asked.
func (l *Ledger) UsePolicies(made Policy, compile Policies) {
	l.made, l.compile = made, compile
}

// policyNamed is the policy of a version. It is compiled when it is first asked for, and kept while it is among the last.
func (l *Ledger) policyNamed(version string) Policy {
	for i := range l.compiled {
		if l.compiled[i].Version() == version {
			return l.compiled[i]
		}
	}
	v := l.book.Shard().policy(version)
	if v == nil {
		return l.made
	}
	p, err := l.compile(v.Document)
	if err != nil {
		panic(fmt.Sprintf("ledger: risk policy %q cannot be read: %v", version, err)) // the edge has checked it
	}
	if len(l.compiled) == 4 {
		l.compiled = slices.Delete(l.compiled, 0, 1)
	}
	l.compiled = append(l.compiled, p)
	return p
}

// inForce is the policy that decides now; nil for none.
func (l *Ledger) inForce() Policy {
	if l.compile == nil {
		return nil
	}
	if version := l.book.Shard().InForce(l.now, false); version != "" {
		return l.policyNamed(version)
	}
	return l.made
}

// shadow is the policy that decides alongside; nil for none.
func (l *Ledger) shadow() Policy {
	if l.compile == nil {
		return nil
	}
	if version := l.book.Shard().InForce(l.now, true); version != "" {
		return l.policyNamed(version)
	}
	return nil
}

// putPolicy adds a version of the risk policy. The same document again changes nothing.
func (l *Ledger) putPolicy(c *PutPolicy) Outcome {
	put := l.book.Shard().Policies
	for i := range put {
		if put[i].Document == c.Document {
			return Outcome{}
		}
	}
	if l.knowsPolicy(c.Version) {
		return refused(fault(Exists, "POLICY_EXISTS", "there is another risk policy named %q", c.Version).on("document").named(c.Version))
	}
	if len(put) == MaxPolicies {
		return refused(fault(FailedPrecondition, "TOO_MANY_POLICIES", "there are %d versions of the risk policy already", MaxPolicies))
	}
	return l.post(&PolicyPut{Version: c.Version, Document: c.Document})
}

func (l *Ledger) knowsPolicy(version string) bool {
	return l.book.Shard().policy(version) != nil || l.made != nil && l.made.Version() == version
}

// activatePolicy says from when on a version is in force, or is the shadow.
func (l *Ledger) activatePolicy(c *ActivatePolicy) Outcome {
	if !l.knowsPolicy(c.Version) && (c.Version != "" || !c.Shadow) {
		return refused(fault(NotFound, "POLICY_NOT_FOUND", "there is no risk policy %q", c.Version).on("version").named(c.Version))
	}
	from := max(c.From, l.now) // the past has been decided
	future := 0
	for _, a := range l.book.Shard().Activations {
		if a.From > l.now {
			future++
		}
	}
	if from > l.now && future >= mostActivations {
		return refused(fault(FailedPrecondition, "TOO_MANY_ACTIVATIONS", "%d activations are to come already", mostActivations))
	}
	return l.post(&PolicyActivated{Version: c.Version, From: from, Shadow: c.Shadow})
}

// getPolicies tells the versions of the risk policy, that which the ledger was made with first, without its document; and
// which are in force, and will be.
func (l *Ledger) getPolicies() Outcome {
	shard := l.book.Shard()
	out := &PolicyAnswer{Activations: slices.Clone(shard.Activations)}
	if l.made != nil {
		out.Made = l.made.Version()
	}
	out.Versions = slices.Clone(shard.Policies)
	if out.InForce = shard.InForce(l.now, false); out.InForce == "" {
		out.InForce = out.Made
	}
	out.Shadow = shard.InForce(l.now, true)
	return Outcome{Policies: out, Today: l.today}
}

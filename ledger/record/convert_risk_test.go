package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

func riskFact(r *journalv1.Risk) *journalv1.Entry_Further {
	return &journalv1.Entry_Further{Further: &journalv1.Further{Kind: &journalv1.Further_Risk{Risk: r}}}
}

func verdict(v ledger.Verdict) *journalv1.Verdict {
	if v == (ledger.Verdict{}) {
		return nil
	}
	return &journalv1.Verdict{
		Policy: v.Policy, Action: int64(v.Action), Cap: int64(v.Cap), Rules: int64(v.Rules), Reasons: v.Reasons, Inputs: v.Inputs, Hash: v.Hash,
	}
}

package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

func payer(p *ledger.Payer) *journalv1.Payer {
	if *p == (ledger.Payer{}) {
		return nil
	}
	return &journalv1.Payer{Carrier: string(p.Carrier), Phone: string(p.Phone)}
}

func listed(l *ledger.Listed) *journalv1.Listed {
	if *l == (ledger.Listed{}) {
		return nil
	}
	return &journalv1.Listed{
		Payer: payer(&l.Payer), Month: int64(l.Month), Line: int64(l.Line), Until: int64(l.Until), Amount: int64(l.Amount),
		Was: int64(l.Was), Outcome: int64(l.Outcome)}
}

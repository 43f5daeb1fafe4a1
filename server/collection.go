package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// StreamCollections is the journal, told as far as it issues collections.
func (s *billing) StreamCollections(r *holdfastv1.StreamCollectionsRequest, stream holdfastv1.BillingService_StreamCollectionsServer) error {
	last, err := s.durable()
	if err != nil {
		return err
	}
	var c check
	at, channel := s.cursor(stream.Context(), &c, r.GetCursor(), last), c.channel("channel", r.GetChannel(), false)
	if err := c.err(); err != nil {
		return err
	}
	return s.follow(stream.Context(), at, last, r.GetUntilNow(), func(_ int, e *ledger.Entry, at cursor) error {
		f, ok := e.Fact.(*ledger.Booked)
		if !ok || f.Booking.Kind != ledger.CollectionIssued || channel != ledger.NoChannel && f.Booking.Channel != channel {
			return nil
		}
		return stream.Send(&holdfastv1.StreamCollectionsResponse{Cursor: at.String(), Collection: collectionProto(e, f)})
	})
}

// collectionProto is a collection as it was issued.
func collectionProto(e *ledger.Entry, f *ledger.Booked) *holdfastv1.Collection {
	b := &f.Booking
	p := &holdfastv1.Collection{
		CollectionId: itemID(f.Account, b.Item), AccountId: f.Account.String(), OpeningDate: dateProto(b.Opens), Currency: string(f.Currency),
		Amount: int64(b.Amount), Attempt: int32(b.Attempt), Day: dateProto(b.Day), Channel: holdfastv1.CollectionChannel(b.Channel),
		CreateTime: timestamp(e.Time),
	}
	listedProto(p, &b.Listed)
	return p
}

// listedProto says where a collection is in a carrier's batch, if it is in one.
func listedProto(p *holdfastv1.Collection, l *ledger.Listed) {
	if l.Any() {
		p.CarrierId, p.PhoneToken, p.Month, p.FallBackDate = string(l.Carrier), string(l.Phone), l.Month.String(), dateProto(l.Until)
	}
}

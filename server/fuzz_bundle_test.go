package server

import (
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// What made-up messages have of bundles.

// What is made up is of one offer of one carrier; contracts are authorizations of those that have begun.
const (
	contracts     = "authorization of a bundle"
	madeUpOffer   = "made-up"
	madeUpCarrier = "cmcc"
)

// bundleText is the text of a field that is about bundles; false when the field is about something else, or may be anything now.
func (k *maker) bundleText(f protoreflect.FieldDescriptor) (string, bool) {
	switch f.Name() {
	case "bundle_offer_id":
		if of := f.Parent().Name(); of == "GetBundleOfferRequest" || of == "PutBundleOfferRequest" {
			return madeUpOffer, k.r.IntN(8) > 0
		}
		return "", k.r.IntN(10) > 0 // most orders are of no bundle
	case "activation_date", "effective_date", "valid_from", "valid_until":
		return "", k.r.IntN(8) > 0
	}
	return "", false
}

// mendBundle has what is about bundles be about one that there is.
func (k *maker) mendBundle(m *dynamicpb.Message) {
	fields := m.Descriptor().Fields()
	if known := k.known[contracts]; len(known) > 0 && fields.ByName("authorization_id") != nil {
		m.Set(fields.ByName("authorization_id"), protoreflect.ValueOfString(known[len(known)-1]))
	}
	if version := fields.ByName("version"); version != nil {
		m.Clear(version)
	}
	settings := fields.ByName("settings")
	if settings == nil {
		return
	}
	s := m.Mutable(settings).Message()
	of := s.Descriptor().Fields()
	s.Set(of.ByName("carrier_id"), protoreflect.ValueOfString(madeUpCarrier))
	s.Set(of.ByName("currency"), protoreflect.ValueOfString("CNY"))
	s.Set(of.ByName("price"), protoreflect.ValueOfInt64(10_000+k.r.Int64N(100_000)))
	s.Set(of.ByName("termination"), protoreflect.ValueOfEnum(protoreflect.EnumNumber(1+k.r.IntN(3))))
	s.Set(of.ByName("cooling_off_days"), protoreflect.ValueOfInt32(int32(k.r.IntN(61))))
	s.Clear(of.ByName("withdrawn"))
	p := s.Mutable(of.ByName("plan")).Message()
	for name, v := range map[protoreflect.Name]protoreflect.Value{
		"method": protoreflect.ValueOfEnum(1), "months": protoreflect.ValueOfInt32(int32(6 + k.r.IntN(31))),
		"monthly_fee_percent": protoreflect.ValueOfString("0.5"), "annual_interest_percent": protoreflect.ValueOfString(""),
	} {
		p.Set(p.Descriptor().Fields().ByName(name), v)
	}
}

// sellBundle has the contract of a bundle begin. Where the carrier or the scene is suspended, it does not.
func (b *book) sellBundle(k *maker) {
	b.t.Helper()
	offer := b.putOffer(b.fresh("offer"), phone(holdfastv1.BundleTermination(1+k.r.IntN(3))))
	a := b.bundled(1_000_000)
	resp, err := b.Charge(b.t.Context(), &holdfastv1.ChargeRequest{
		RequestId: b.fresh("r"), AccountId: a.GetAccountId(), Scene: holdfastv1.Scene_SCENE_BUNDLE, OrderId: b.fresh("o"), CarrierId: madeUpCarrier,
		PhoneToken: "p", Currency: "CNY", BundleOfferId: offer.GetBundleOfferId(),
	})
	require.NoError(b.t, err)
	if resp.GetDecision() == holdfastv1.Decision_DECISION_APPROVED {
		k.learn(contracts, resp.GetAuthorization().GetAuthorizationId())
	}
}

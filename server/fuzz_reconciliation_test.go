package server

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestArbitraryReconciliations makes calls up. Whatever is sent, the answer is one that a caller can act on, and the sums of a
// summary agree.
func TestArbitraryReconciliations(t *testing.T) {
	b := openTill(t, "2026-01-20", 2)
	for range 20 {
		b.sold(100)
	}
	b.on("2026-01-22")
	k := &maker{r: rand.New(rand.NewPCG(1, 7)), known: map[string][]string{}, clock: b.config.Clock}
	methods := holdfastv1.File_holdfast_v1_reconciliation_proto.Services().Get(0).Methods()
	well := map[protoreflect.Name]int{}
	for range 1_500 {
		m := methods.Get(k.r.IntN(methods.Len()))
		var requests []proto.Message
		for range 1 + k.r.IntN(4) {
			requests = append(requests, arbitrary(k, m.Input()))
		}
		if !m.IsStreamingClient() {
			requests = requests[:1]
		} else if k.r.IntN(3) > 0 {
			h := b.header("2026-01-20")
			h.RequestId = []string{h.GetRequestId(), "again"}[k.r.IntN(2)]
			requests[0] = &holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Header{Header: h}}
		}
		replies, err := call(t.Context(), b.conn, m, requests...)
		requireWellFormed(t, err, string(m.Name()))
		if err == nil {
			well[m.Name()]++
		}
		if len(replies) > 0 && m.IsStreamingClient() {
			requireAdds(t, replies[len(replies)-1])
		}
	}
	for i := range methods.Len() {
		require.NotZero(t, well[methods.Get(i).Name()], "%s never went well", methods.Get(i).Name())
	}
	b.sound()
}

// arbitrary is a message that mostly names what is there.
func arbitrary(k *maker, d protoreflect.MessageDescriptor) proto.Message {
	m := k.message(d, 0)
	for name, value := range map[protoreflect.Name]protoreflect.Value{
		"carrier_id": protoreflect.ValueOfString("cmcc"), "number": protoreflect.ValueOfInt32(1 + k.r.Int32N(6)),
		"break_number": protoreflect.ValueOfInt32(k.r.Int32N(30)), "reason": protoreflect.ValueOfString("why"), "page_token": protoreflect.ValueOfString(""),
	} {
		if f := d.Fields().ByName(name); f != nil && k.r.IntN(4) > 0 {
			m.Set(f, value)
		}
	}
	if f := d.Fields().ByName("amount"); f != nil && k.r.IntN(2) > 0 {
		m.Clear(f)
	}
	return m
}

// requireAdds holds a summary to its breaks.
func requireAdds(t *testing.T, last proto.Message) {
	b, err := proto.Marshal(last)
	require.NoError(t, err)
	m := new(holdfastv1.ReconcileResponse)
	require.NoError(t, proto.Unmarshal(b, m))
	s := m.GetSummary()
	difference, fees := s.GetOurs().GetAmount()-s.GetTheirs().GetAmount(), s.GetOurs().GetFee()-s.GetTheirs().GetFee()
	for _, one := range s.GetBreaks() {
		difference -= one.GetDifference()
		fees -= one.GetFeeDifference()
	}
	require.Zero(t, difference)
	require.Zero(t, fees)
}

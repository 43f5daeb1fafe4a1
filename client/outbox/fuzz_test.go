package outbox

import (
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// FuzzDecode: whatever lies in the file, a message is read as it was written or not at all.
func FuzzDecode(f *testing.F) {
	for _, m := range []Message{
		advice("o-1", "r-1"), reversal("o-2", "r-2"),
		Capture("o-3", &pb.CaptureRequest{AuthorizationId: "auth_1", Currency: "CNY", Amount: 1000, Final: true}),
		Void("o-4", &pb.VoidRequest{AuthorizationId: "auth_1"}),
	} {
		value, err := encode(&m, &refusal{Code: "NotFound", Reason: "ACCOUNT_NOT_FOUND", Text: "no"})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(value)
		f.Add(value[:len(value)/2])
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		m, r, err := decode(7, value)
		if err != nil {
			return
		}
		again, err := encode(&m, r)
		if err != nil {
			t.Fatal(err)
		}
		m2, _, err := decode(7, again)
		if err != nil || m2.Kind() != m.Kind() || m2.OrderID != m.OrderID || m2.RequestID() == "" || !m2.PutTime.Equal(m.PutTime) || !proto.Equal(m.Call, m2.Call) {
			t.Fatalf("%v, %v: %v", m, m2, err)
		}
	})
}

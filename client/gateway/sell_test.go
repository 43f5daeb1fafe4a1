package gateway

import (
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// An advice says all that the order said that was sold, whatever fields orders get.
func TestAnAdviceIsOfTheWholeOrder(t *testing.T) {
	g := start(t, filepath.Join(t.TempDir(), "g"), newBook(), newShop(), options())
	asked := &pb.AuthorizeRequest{RequestId: "r-1"}
	fields := asked.ProtoReflect()
	for i := range fields.Descriptor().Fields().Len() {
		switch f := fields.Descriptor().Fields().Get(i); {
		case f.Kind() == protoreflect.StringKind && !f.IsList():
			fields.Set(f, protoreflect.ValueOfString("some "+string(f.Name())))
		case f.Kind() == protoreflect.Int64Kind && !f.IsList():
			fields.Set(f, protoreflect.ValueOfInt64(int64(f.Number())))
		case f.Kind() == protoreflect.EnumKind:
			fields.Set(f, protoreflect.ValueOfEnum(1))
		case f.Kind() == protoreflect.MessageKind && !f.IsList():
			fields.Set(f, fields.NewField(f))
		}
	}
	advice := g.advice(&order{request: asked}, "sale-77").Call.GetAdvise()
	told := advice.ProtoReflect()
	for i := range told.Descriptor().Fields().Len() {
		f := told.Descriptor().Fields().Get(i)
		of := fields.Descriptor().Fields().ByName(f.Name())
		if of == nil || f.Name() == "request_id" {
			continue
		}
		if a, b := told.Get(f), fields.Get(of); !a.Equal(b) {
			t.Errorf("%s is %v, and was %v", f.Name(), a, b)
		}
	}
	if advice.GetCarrierReference() != "sale-77" {
		t.Error(advice)
	}
}

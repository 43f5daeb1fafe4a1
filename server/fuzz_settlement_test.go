package server

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// settledOnes are settlements that can be confirmed, with what they come to.
const settledOnes = "carrier, number and net amount"

// learnSettlement remembers a settlement of an answer.
func (k *maker) learnSettlement(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	sums := m.Get(fields.ByName("sums")).Message()
	net := sums.Get(sums.Descriptor().Fields().ByName("net_amount")).Int()
	k.learn(settledOnes, fmt.Sprint(m.Get(fields.ByName("carrier_id")).String(), " ", m.Get(fields.ByName("number")).Int(), " ", net))
}

// mendSettlement names a settlement that there is, or a day that has ended.
func (k *maker) mendSettlement(m *dynamicpb.Message) {
	fields := m.Descriptor().Fields()
	if f := fields.ByName("currency"); f != nil {
		m.Set(f, protoreflect.ValueOfString("CNY"))
	}
	if f := fields.ByName("through_date"); f != nil {
		m.Set(f, protoreflect.ValueOfString(k.clock.Now().Time().AddDate(0, 0, -k.r.IntN(6)).Format(time.DateOnly)))
	}
	known := k.known[settledOnes]
	number := fields.ByName("number")
	if number == nil || len(known) == 0 {
		return
	}
	var carrier string
	var n, net int64
	if _, err := fmt.Sscan(known[k.r.IntN(len(known))], &carrier, &n, &net); err != nil {
		panic(err)
	}
	m.Set(fields.ByName("carrier_id"), protoreflect.ValueOfString(carrier))
	m.Set(number, protoreflect.ValueOfInt32(int32(n)))
	if f := fields.ByName("amount"); f != nil {
		m.Set(f, protoreflect.ValueOfInt64(net))
		m.Set(fields.ByName("value_date"), protoreflect.ValueOfString(k.day(0)))
	}
}

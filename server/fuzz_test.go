package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/holdfast-credit/holdfast/ledger/terms"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

var fuzzCalls = flag.Int("fuzz.calls", 20_000, "arbitrary calls that TestArbitraryMessages makes")

// rpcs are all methods of all services.
func rpcs() (list []protoreflect.MethodDescriptor) {
	for _, file := range []protoreflect.FileDescriptor{
		holdfastv1.File_holdfast_v1_authorization_proto, holdfastv1.File_holdfast_v1_account_proto,
		holdfastv1.File_holdfast_v1_event_proto, holdfastv1.File_holdfast_v1_admin_proto,
		holdfastv1.File_holdfast_v1_billing_proto, holdfastv1.File_holdfast_v1_terms_proto, holdfastv1.File_holdfast_v1_risk_proto,
		holdfastv1.File_holdfast_v1_settlement_proto,
		holdfastv1.File_holdfast_v1_carrierbill_proto,
		holdfastv1.File_holdfast_v1_points_proto,
		holdfastv1.File_holdfast_v1_bundle_proto,
	} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				list = append(list, methods.Get(j))
			}
		}
	}
	return list
}

func pathOf(m protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

// message is one that can be sent and received without knowing its type.
func message(d protoreflect.MessageDescriptor) *dynamicpb.Message { return dynamicpb.NewMessage(d) }

// call makes any call and answers with the messages that came back; of a stream at most a few.
func call(ctx context.Context, conn *grpc.ClientConn, m protoreflect.MethodDescriptor, requests ...proto.Message) (replies []proto.Message, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if !m.IsStreamingClient() && !m.IsStreamingServer() {
		reply := message(m.Output())
		err := conn.Invoke(ctx, pathOf(m), requests[0], reply)
		return []proto.Message{reply}, err
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: m.IsStreamingClient(), ServerStreams: true}, pathOf(m))
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		if err := stream.SendMsg(r); err != nil {
			break // Recv says why
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	for {
		reply := message(m.Output())
		if err := stream.RecvMsg(reply); errors.Is(err, io.EOF) {
			return replies, nil
		} else if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
}

// requireWellFormed says that an error, if it is one, is one that a caller can act on.
func requireWellFormed(t testing.TB, err error, about string) {
	t.Helper()
	if err == nil {
		return
	}
	code, reason := reasonFrom(t, err)
	require.NotContains(t, []codes.Code{codes.Internal, codes.Unknown, codes.Unimplemented, codes.DataLoss, codes.DeadlineExceeded}, code, "%s: %v", about, err)
	require.NotEmpty(t, reason, "%s: %v", about, err)
	require.NotEmpty(t, status.Convert(err).Message())
}

// maker makes messages up. It remembers what came back, and uses it: ids, tokens, cursors.
type maker struct {
	r     *rand.Rand
	known map[string][]string // values that fields of this name had
	clock *Clock
}

// day is a day about today, in the zone of books.
func (k *maker) day(most int) string {
	return k.clock.Now().Time().Add(8*time.Hour).AddDate(0, 0, k.r.IntN(most+1)).Format(time.DateOnly)
}

// message fills a message: mostly plausibly, now and then with anything.
func (k *maker) message(d protoreflect.MessageDescriptor, depth int) *dynamicpb.Message {
	m := message(d)
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if one := f.ContainingOneof(); one != nil && m.WhichOneof(one) != nil && k.r.IntN(4) > 0 {
			continue
		}
		if f.Name() == "plan" && k.r.IntN(3) > 0 {
			continue // most orders are billed as a whole
		}
		if f.HasPresence() && f.ContainingOneof() == nil && k.r.IntN(2) == 0 || k.r.IntN(30) == 0 || depth > 4 {
			continue
		}
		switch {
		case f.IsList():
			list := m.Mutable(f).List()
			for range []int{0, 1, 1, 2, 3, 40}[k.r.IntN(6)] {
				list.Append(k.value(f, depth))
			}
		default:
			m.Set(f, k.value(f, depth))
		}
	}
	return m
}

func (k *maker) value(f protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return protoreflect.ValueOfMessage(k.message(f.Message(), depth+1))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(k.text(f))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(k.r.IntN(2) == 0)
	case protoreflect.EnumKind:
		n := protoreflect.EnumNumber(k.r.IntN(4))
		if k.r.IntN(20) == 0 {
			n = []protoreflect.EnumNumber{-1, 99, math.MaxInt32, math.MinInt32}[k.r.IntN(4)]
		}
		return protoreflect.ValueOfEnum(n)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(k.number(f))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(k.number(f)))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(k.number(f)))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(k.text(f)))
	}
	panic(fmt.Sprintf("no values for %s", f.Kind()))
}

func (k *maker) number(f protoreflect.FieldDescriptor) int64 {
	if k.r.IntN(15) == 0 {
		return []int64{-1, math.MinInt64, math.MaxInt64, 1e15, 1e15 + 1, math.MaxInt32, 1 << 33}[k.r.IntN(7)]
	}
	switch f.Name() {
	case "limit":
		return k.r.Int64N(100_000)
	case "seconds":
		return []int64{60, 3600, 20_000, 200_000, time.Now().Unix() - k.r.Int64N(1000), 1 << 40}[k.r.IntN(6)]
	case "nanos":
		return k.r.Int64N(20) / 19 * 500_000_000
	case "minimum_amount":
		return k.r.Int64N(4) / 3
	case "months":
		return []int64{3, 6, 12, 24}[k.r.IntN(4)]
	case "statement_day":
		return 1 + k.r.Int64N(28)
	case "windows":
		return 2 + k.r.Int64N(23)
	case "amount":
		switch k.r.IntN(10) {
		case 0:
			return 10_000 + k.r.Int64N(20_000) // enough for a plan
		case 1, 2:
			return k.r.Int64N(4)
		}
	}
	return k.r.Int64N(500)
}

func (k *maker) text(f protoreflect.FieldDescriptor) string {
	name := string(f.Name())
	known := k.known[name]
	if v, ok := k.bundleText(f); ok {
		return v
	}
	switch name {
	case "page_token":
		if k.r.IntN(2) == 0 {
			return "" // those known are of all kinds of lists
		}
	case "bill_reference", "mandate_id": // for bills only
		if f.Parent().Name() != "EndMandateRequest" && k.r.IntN(8) > 0 {
			return ""
		}
	case "product_id", "bundle_offer_id": // of carriers that sell something
		if f.Parent().Name() != "CarrierProduct" && k.r.IntN(8) > 0 {
			return ""
		}
	case "activation_date": // of bundles
		if k.r.IntN(8) > 0 {
			return ""
		}
		known = nil
	case "from", "to", "date", "value_date": // the clock moves on
		known = nil
	}
	switch n := k.r.IntN(60); {
	case n == 0:
		return []string{"", "\x00", "13812345678", strings.Repeat("x", 65), strings.Repeat("y", 9000), "acc_zzzzzzzzzzzzz", "auth_zzzzzzzzzzzzzzzzzzzz", "世界", "%s", "acc_0000000000000", "../..", "'; drop"}[k.r.IntN(12)]
	case n < 55 && len(known) > 0 && name != "request_id" && name != "order_id" && name != "consumer_token":
		return known[k.r.IntN(len(known))]
	case n < 5 && len(known) > 0:
		return known[k.r.IntN(len(known))]
	}
	switch name {
	case "purpose":
		return []string{"assessment", "transaction-history", "credit-history", "telecom-behaviour", "servicing"}[k.r.IntN(5)]
	case "grade":
		return []string{"A", "B", "C", "D", "S"}[k.r.IntN(5)]
	case "currency":
		return []string{"USD", "cny", "XXXX", "CNY"}[min(k.r.IntN(20), 3)]
	case "carrier_id":
		return []string{"cmcc", "ctcc", "cucc"}[k.r.IntN(3)]
	case "phone_token", "agreement_version", "accepted_agreement_version":
		return []string{"v1", "v1", "v1", "v2"}[k.r.IntN(4)]
	case "zone":
		return "Asia/Shanghai"
	case "cut_off":
		return "23:00"
	case "last_day":
		return []string{"2099-12-31", "1999-01-01", "2026-02-30", "9999-99-99"}[k.r.IntN(4)]
	case "from", "to", "date":
		return k.day(20)
	case "value_date", "activation_date":
		return []string{"", "", k.day(0), k.day(2)}[k.r.IntN(4)]
	case "document":
		// Few versions, since whoever reads the journal reads them all; without offers, whose rates take time to check, and not
		// for the accounts of the book.
		if f.Parent().Name() == "PutPolicyRequest" {
			return policyText(fmt.Sprintf("policy-%d", k.r.IntN(8)), "name: made_up; when: order.amount > 5000; action: review; reason: MADE_UP")
		}
		t := terms.Default()
		t.Version, t.Currency, t.Installments.Offers = fmt.Sprintf("terms-%d", k.r.IntN(8)), "UGX", nil
		return string(terms.Format(t))
	case "page_token", "cursor", "opening_date", "terms_version", "plan_id":
		return ""
	}
	made := fmt.Sprintf("%s-%d", strings.ReplaceAll(name, "_", "-"), k.r.Int64N(1e9))
	if !strings.HasSuffix(name, "_id") || name == "request_id" || name == "order_id" || name == "carrier_id" { // the server makes the others
		k.learn(name, made)
	}
	return made
}

// learn remembers a value of a field.
func (k *maker) learn(name, value string) {
	if name == "next_page_token" {
		name = "page_token"
	}
	if value == "" {
		return
	}
	if len(k.known[name]) > 60 {
		k.known[name] = k.known[name][1:]
	}
	k.known[name] = append(k.known[name], value)
}

// mend puts together what would hardly ever go together by chance.
func (k *maker) mend(m *dynamicpb.Message) {
	fields := m.Descriptor().Fields()
	account, window := fields.ByName("account_id"), fields.ByName("opening_date")
	plans := m.Descriptor().Name() == "PlanStatementRequest"
	if known := k.known[debts]; account != nil && window != nil && len(known) > 0 && (plans || k.r.IntN(2) == 0) {
		owed := known[k.r.IntN(len(known))]
		if plans {
			owed = known[len(known)-1] // before its due date
		}
		id, opens, _ := strings.Cut(owed, " ")
		m.Set(account, protoreflect.ValueOfString(id))
		m.Set(window, protoreflect.ValueOfString(opens))
	}
	seconds := func(name protoreflect.Name, most int64) {
		d := m.Mutable(fields.ByName(name)).Message()
		d.Set(d.Descriptor().Fields().ByName("seconds"), protoreflect.ValueOfInt64(1+k.r.Int64N(most)))
		d.Clear(d.Descriptor().Fields().ByName("nanos"))
	}
	if f := fields.ByName("features"); f != nil && k.r.IntN(4) > 0 {
		k.mendFeatures(m.Mutable(f).List(), m.Mutable(fields.ByName("consents")).List())
	}
	switch name := m.Descriptor().Name(); {
	case name == "AdvanceClockRequest": // by decades it takes long to catch up with
		seconds("duration", 5*24*3600)
	case k.r.IntN(8) == 0:
	case strings.Contains(string(name), "Settle"):
		k.mendSettlement(m)
	case name == "SubmitApplicationRequest" && k.r.IntN(2) == 0: // somebody new
		m.Set(fields.ByName("consumer_token"), protoreflect.ValueOfString(fmt.Sprintf("applicant-%d", k.r.Int64N(1e9))))
	case name == "RequestHumanReviewRequest", name == "ExplainDecisionRequest":
		for i, about := range []protoreflect.Name{"application_id", "authorization_id", "account_id"} {
			if f := fields.ByName(about); f != nil && i != k.r.IntN(2) {
				m.Clear(f)
			}
		}
	case name == "ResolveReviewRequest":
		if k.r.IntN(2) == 0 {
			m.Set(fields.ByName("outcome"), protoreflect.ValueOfEnum(1))
			m.Clear(fields.ByName("offer"))
		}
	case name == "WithdrawOfferRequest", name == "AcceptOfferRequest", name == "GetApplicationRequest":
		if known := k.known["application_id"]; len(known) > 0 {
			m.Set(fields.ByName("application_id"), protoreflect.ValueOfString(known[len(known)-1]))
		}
		if f := fields.ByName("consents"); f != nil {
			m.Clear(f)
			one := m.Mutable(f).List().AppendMutable().Message()
			one.Set(one.Descriptor().Fields().ByName("purpose"), protoreflect.ValueOfString("servicing"))
			one.Set(one.Descriptor().Fields().ByName("version"), protoreflect.ValueOfString("v1"))
		}
	case name == "SetMandateRequest" && len(k.known[withBills]) > 0:
		m.Set(account, protoreflect.ValueOfString(k.known[withBills][len(k.known[withBills])-1]))
	case name == "ExtendRequest":
		seconds("hold_lifetime", 20*24*3600)
	case name == "PlanStatementRequest":
		plan := m.Mutable(fields.ByName("plan")).Message()
		plan.Set(plan.Descriptor().Fields().ByName("method"), protoreflect.ValueOfEnum(1))
		plan.Set(plan.Descriptor().Fields().ByName("months"), protoreflect.ValueOfInt32(3))
	case strings.Contains(string(name), "Bundle"):
		k.mendBundle(m)
	case name == "SetCollectionChannelRequest", name == "ListCollectionBatchesRequest", name == "ExportCollectionBatchRequest", name == "ReportCollectionLinesRequest":
		k.mendCarrierBill(m)
	case name == "ReportCollectionRequest":
		if m.Get(fields.ByName("outcome")).Enum() == 1 {
			m.Clear(fields.ByName("reason"))
		} else {
			m.Clear(fields.ByName("value_date"))
			m.Clear(fields.ByName("reference"))
		}
	}
}

// collecting is a carrier that collects on its own bill, and month a month in which it has a batch.
const collecting, month = "collecting", "month"

// mendCarrierBill has what is about a carrier's bill be about one that there is.
func (k *maker) mendCarrierBill(m *dynamicpb.Message) {
	fields := m.Descriptor().Fields()
	set := func(name protoreflect.Name, v string) {
		if f := fields.ByName(name); f != nil {
			m.Set(f, protoreflect.ValueOfString(v))
		}
	}
	set("carrier_id", collecting)
	set("currency", "CNY")
	for _, name := range []protoreflect.Name{"month", "from_month", "to_month"} {
		set(name, k.known[month][0])
	}
	if f := fields.ByName("collection_channel"); f != nil && m.Get(f).Enum() != 2 {
		set("carrier_id", "")
		set("phone_token", "")
	}
	if f := fields.ByName("results"); f != nil {
		list := m.Mutable(f).List()
		for i := range list.Len() {
			one := list.Get(i).Message()
			of := one.Descriptor().Fields()
			one.Set(of.ByName("outcome"), protoreflect.ValueOfEnum(4))
			one.Clear(of.ByName("amount"))
			one.Clear(of.ByName("value_date"))
			one.Set(of.ByName("reason"), protoreflect.ValueOfString("refused"))
		}
	}
}

// mendFeatures are features that the policy knows, and the consents that they need; now and then one is something else.
func (k *maker) mendFeatures(list, consents protoreflect.List) {
	set := func(to protoreflect.List, first, second protoreflect.Name, a, b string) {
		one := to.AppendMutable().Message()
		one.Set(one.Descriptor().Fields().ByName(first), protoreflect.ValueOfString(a))
		one.Set(one.Descriptor().Fields().ByName(second), protoreflect.ValueOfString(b))
	}
	list.Truncate(0)
	for _, f := range features() {
		if k.r.IntN(60) > 0 {
			set(list, "name", "value", f.GetName(), f.GetValue())
		}
	}
	consents.Truncate(0)
	for _, c := range toScore() {
		set(consents, "purpose", "version", c.GetPurpose(), c.GetVersion())
	}
}

// Names under which more is known than the fields of messages say.
const (
	debts     = "account and opening_date" // accounts, and windows that they owe something of
	withBills = "account with bills"
)

// read remembers the strings of an answer.
func (k *maker) read(m protoreflect.Message) {
	if fields := m.Descriptor().Fields(); m.Descriptor().Name() == "Billing" {
		list := m.Get(fields.ByName("debts")).List()
		for i := range list.Len() {
			debt := list.Get(i).Message()
			opens := debt.Get(debt.Descriptor().Fields().ByName("opening_date")).String()
			k.learn(debts, m.Get(fields.ByName("account_id")).String()+" "+opens)
		}
	}
	if m.Descriptor().Name() == "Settlement" {
		k.learnSettlement(m)
	}
	for i := range m.Descriptor().Fields().Len() { // Range goes in another order each time
		f := m.Descriptor().Fields().Get(i)
		v := m.Get(f)
		switch {
		case !m.Has(f):
		case f.Kind() == protoreflect.MessageKind && f.IsList():
			for i := range min(v.List().Len(), 3) {
				k.read(v.List().Get(i).Message())
			}
		case f.Kind() == protoreflect.MessageKind && !f.IsMap():
			k.read(v.Message())
		case f.Name() == "document": // there are others
		case f.Kind() == protoreflect.StringKind && !f.IsList():
			k.learn(string(f.Name()), v.String())
		}
	}
}

// TestArbitraryMessages calls every method with messages made up from its descriptor. Whatever is sent, the answer is an
// answer or an error with a reason; no call panics, and the book is sound afterwards, and after a restart.
func TestArbitraryMessages(t *testing.T) {
	b := serveBook(t, Config{Shards: 2, Clock: VirtualClock(time.Now())})
	b.account(50_000)
	k := &maker{r: rand.New(rand.NewPCG(1, 4)), known: map[string][]string{}, clock: b.config.Clock}
	b.openBatch(k)
	methods, well, refused := rpcs(), map[string]int{}, map[string]int{}
	calls := *fuzzCalls
	if testing.Short() {
		calls /= 4
	}
	for n := range calls {
		if n%20 == 0 { // something to go on with, whatever was closed, frozen and expired
			a := b.account(50_000)
			k.learn("account_id", a.GetAccountId())
			if n%300 == 0 {
				b.on(k.clock.Now().Time().AddDate(0, 0, 10).Format(time.DateOnly))
			}
			if n%80 != 0 { // some are as they were opened
				b.use(k, a)
			}
			if n%200 == 0 {
				b.openBills(k, a)
			}
			if n%400 == 0 {
				b.sellBundle(k)
			}
		}
		m := methods[n%len(methods)]
		if seldom := m.Name() == "Verify" || m.Name() == "Backup" || m.Name() == "AdvanceClock" || m.Name() == "FreezeAccount" || m.Name() == "Suspend"; seldom && k.r.IntN(12) > 0 {
			continue
		}
		var requests []proto.Message
		for range 1 + k.r.IntN(3) {
			r := k.message(m.Input(), 0)
			k.mend(r)
			if f := m.Input().Fields().ByName("until_now"); f != nil {
				r.Set(f, protoreflect.ValueOfBool(true)) // or it would never end
			}
			requests = append(requests, r)
		}
		if !m.IsStreamingClient() {
			requests = requests[:1]
		}
		replies, err := call(t.Context(), b.conn, m, requests...)
		requireWellFormed(t, err, fmt.Sprintf("%s %v", m.Name(), requests))
		for _, reply := range replies {
			k.read(reply.ProtoReflect())
			if answer, ok := reply.(*dynamicpb.Message); ok && m.Name() == "AuthorizeStream" {
				requireSoundFault(t, answer)
			}
		}
		if err == nil {
			well[string(m.Name())]++
		} else {
			_, reason := reasonFrom(t, err)
			refused[string(m.Name())+" "+reason]++
		}
	}
	for _, m := range methods {
		if calls < 10_000 {
			break // too few for every one
		}
		require.NotZero(t, well[string(m.Name())], "%s never went well: %v", m.Name(), refused)
	}
	b.sound()
	b.restart()
	b.sound()
}

// use has an account owe something and hold something, if it may.
func (b *book) use(k *maker, a *holdfastv1.Account) {
	b.t.Helper()
	o := orderOf(a, b.fresh("r"), b.fresh("o"), 12_000)
	_, err := b.Charge(b.t.Context(), &holdfastv1.ChargeRequest{
		RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(), OrderId: o.GetOrderId(), CarrierId: o.GetCarrierId(),
		PhoneToken: o.GetPhoneToken(), Currency: o.GetCurrency(), Amount: o.GetAmount(),
	})
	require.NoError(b.t, err)
	if held, err := b.Authorize(b.t.Context(), orderOf(a, b.fresh("r"), b.fresh("o"), 100)); err == nil {
		k.learn("authorization_id", held.GetAuthorization().GetAuthorizationId())
	}
}

// openBatch has a carrier collect what an account owes.
func (b *book) openBatch(k *maker) {
	b.t.Helper()
	b.putCarrier(collecting, &holdfastv1.CarrierSettings{Name: "C", Collects: true})
	a := b.account(50_000)
	b.onBillOf(a, collecting)
	b.charged(a, 500, nil)
	b.on(b.billing(a).GetOpenWindow().GetDueDate())
	due := b.billing(a).GetPendingCollections()[0]
	k.learn(month, due.GetMonth())
	k.learn("collection_id", due.GetCollectionId())
}

// openBills opens an account's line for bills.
func (b *book) openBills(k *maker, a *holdfastv1.Account) {
	b.t.Helper()
	_, err := b.OpenLine(b.t.Context(), &holdfastv1.OpenLineRequest{
		RequestId: b.fresh("r"), AccountId: a.GetAccountId(), Currency: a.GetCurrency(),
		Line: &holdfastv1.LineOpening{Scene: holdfastv1.Scene_SCENE_BILL, Limit: 50_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"},
	})
	require.NoError(b.t, err)
	k.learn(withBills, a.GetAccountId())
}

// requireSoundFault says that a fault of a stream is one that the unary call could have answered.
func requireSoundFault(t testing.TB, answer *dynamicpb.Message) {
	t.Helper()
	bytes, err := proto.Marshal(answer)
	require.NoError(t, err)
	var m holdfastv1.AuthorizeStreamResponse
	require.NoError(t, proto.Unmarshal(bytes, &m))
	if f := m.GetFault(); f != nil {
		requireWellFormed(t, statusOf(f), "AuthorizeStream")
	}
}

// FuzzRequests decodes bytes into the request of any method and calls it.
func FuzzRequests(f *testing.F) {
	b := serveBook(f, Config{})
	a := b.account(1000)
	methods := rpcs()
	for i, m := range methods {
		r := (&maker{r: rand.New(rand.NewPCG(uint64(i), 5)), known: map[string][]string{"account_id": {a.GetAccountId()}}, clock: RealClock()}).message(m.Input(), 0)
		bytes, err := proto.Marshal(r)
		require.NoError(f, err)
		f.Add(uint8(i), bytes)
	}
	f.Fuzz(func(t *testing.T, i uint8, bytes []byte) {
		m := methods[int(i)%len(methods)]
		r := message(m.Input())
		if proto.Unmarshal(bytes, r) != nil {
			return
		}
		if field := m.Input().Fields().ByName("until_now"); field != nil {
			r.Set(field, protoreflect.ValueOfBool(true))
		}
		_, err := call(t.Context(), b.conn, m, r)
		requireWellFormed(t, err, fmt.Sprintf("%s %v", m.Name(), r))
	})
}

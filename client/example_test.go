package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The examples run against a small server in memory in place of `holdfast serve`, with acc_1 opened by its caller.
func serve() (addr string, f *client.Fake, stop func()) {
	f = client.StartFake()
	c := dial(f.Addr)
	defer c.Close()
	_, err := c.OpenAccount(context.Background(), &holdfastv1.OpenAccountRequest{
		ConsumerToken: "c-42", Currency: "CNY", Limit: 50000,
	})
	if err != nil {
		log.Fatal(err)
	}
	return f.Addr, f, f.Stop
}

func dial(addr string, opts ...client.Option) *client.Client {
	c, err := client.Dial(addr, append(opts, client.WithInsecure(), client.WithCaller("shop"))...)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// A top-up: reserve the credit, let the carrier deliver, post what was delivered.
func Example() {
	addr, _, stop := serve()
	defer stop()
	ctx := context.Background()

	c, err := client.Dial(addr, client.WithInsecure(), client.WithCaller("shop"))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	auth, err := c.Authorize(ctx, &holdfastv1.AuthorizeRequest{
		AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 3000,
	})
	if err != nil {
		log.Fatal(err)
	}
	if auth.Decision != holdfastv1.Decision_DECISION_APPROVED {
		log.Fatal("declined: ", auth.Reasons)
	}
	fmt.Println("held:", auth.Headroom.Held, "available:", auth.Headroom.Available)

	// The carrier delivers here.

	capture, err := c.Capture(ctx, &holdfastv1.CaptureRequest{
		AuthorizationId: auth.Authorization.AuthorizationId, Currency: "CNY", Amount: 3000, Final: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("posted:", capture.Headroom.Posted, capture.Authorization.State)
	// Output:
	// held: 3000 available: 47000
	// posted: 3000 AUTHORIZATION_STATE_CAPTURED
}

// A decline is an answer with reasons, not an error.
func ExampleClient_Authorize_declined() {
	addr, _, stop := serve()
	defer stop()
	c := dial(addr)
	defer c.Close()

	auth, err := c.Authorize(context.Background(), &holdfastv1.AuthorizeRequest{
		AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 60000,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Decision, auth.Reasons[0], auth.Headroom.Available)
	// Output: DECISION_DECLINED DECLINE_REASON_ACCOUNT_LIMIT 50000
}

// After a timeout the outcome is unknown. LookupOrder tells what is durable; sending the same message again decides the
// order if it was not decided before, and repeats the first answer if it was.
func Example_timeout() {
	addr, server, stop := serve()
	defer stop()
	c := dial(addr, client.WithTimeout(500*time.Millisecond))
	defer c.Close()
	ctx := context.Background()

	order := &holdfastv1.AuthorizeRequest{
		AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 3000,
	}
	server.Script("Authorize", client.Act{Delay: time.Minute}) // it will not answer in time

	_, err := c.Authorize(ctx, order)
	if !client.IsOutcomeUnknown(err) {
		log.Fatal("not what this example is about: ", err)
	}
	fmt.Println("timed out:", errors.Is(err, context.DeadlineExceeded))

	found, err := c.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: order.OrderId})
	switch {
	case err == nil:
		fmt.Println("it was decided:", found.Authorization.State) // go on from there
	case status.Code(err) == codes.NotFound:
		// Not decided yet. The order is still wanted, so send the same message, which has its request id by now.
		auth, err := c.Authorize(ctx, order)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("decided now:", auth.Decision, "held:", auth.Headroom.Held)
	default:
		log.Fatal(err) // ask again later
	}
	// Output:
	// timed out: true
	// decided now: DECISION_APPROVED held: 3000
}

// After a timeout, when the order is no longer wanted: Reverse undoes it whatever became of it, and refuses the request
// should it still arrive.
func ExampleClient_Reverse_afterTimeout() {
	addr, server, stop := serve()
	defer stop()
	c := dial(addr, client.WithTimeout(500*time.Millisecond))
	defer c.Close()
	ctx := context.Background()

	order := &holdfastv1.AuthorizeRequest{
		AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 3000,
	}
	server.Script("Authorize", client.Act{Delay: time.Minute})
	if _, err := c.Authorize(ctx, order); client.IsOutcomeUnknown(err) {
		reversed, err := c.Reverse(ctx, &holdfastv1.ReverseRequest{AccountId: "acc_1", OrderId: order.OrderId})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("tombstone:", reversed.Tombstone)
	}

	_, err := c.Authorize(ctx, order) // the late request
	fmt.Println(status.Code(err), client.ReasonOf(err))
	// Output:
	// tombstone: true
	// FailedPrecondition ORDER_REVERSED
}

// A gateway with many calls at once pools streams. Nothing else changes.
func ExampleWithStreams() {
	addr, _, stop := serve()
	defer stop()
	c := dial(addr, client.WithStreams(4))
	defer c.Close()

	var calls sync.WaitGroup
	for i := range 40 {
		calls.Go(func() {
			_, err := c.Authorize(context.Background(), &holdfastv1.AuthorizeRequest{
				AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: fmt.Sprint("o-", i),
				CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 100,
			})
			if err != nil {
				log.Print(err)
			}
		})
	}
	calls.Wait()
	account, err := c.GetAccount(context.Background(), &holdfastv1.GetAccountRequest{AccountId: "acc_1"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("held:", account.Account.Held)
	// Output: held: 4000
}

// Phone numbers do not leave the caller: their tokens do.
func ExampleTokenKey_Phone() {
	key, err := client.NewTokenKey([]byte("sixteen or more random bytes")) // from your secret store
	if err != nil {
		log.Fatal(err)
	}
	for _, number := range []string{"13800138000", "+86 138-0013-8000"} {
		token, err := key.Phone(number)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(token)
	}
	_, err = key.Phone("10086")
	fmt.Println(err)
	// Output:
	// ph_vgdse6vkcvth3ngpxhrj5qorb34b22es
	// ph_vgdse6vkcvth3ngpxhrj5qorb34b22es
	// client: not a phone number
}

// Follow what happens, and go on after a restart from the last cursor that was dealt with.
func ExampleClient_WatchEvents() {
	addr, _, stop := serve()
	defer stop()
	c := dial(addr)
	defer c.Close()
	ctx := context.Background()

	auth, err := c.Authorize(ctx, &holdfastv1.AuthorizeRequest{
		AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 3000,
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err = c.Void(ctx, &holdfastv1.VoidRequest{AuthorizationId: auth.Authorization.AuthorizationId}); err != nil {
		log.Fatal(err)
	}

	cursor := ""                                                              // from where the last run stored it
	request := &holdfastv1.WatchEventsRequest{Cursor: cursor, UntilNow: true} // without UntilNow it goes on for ever
	for event, err := range c.WatchEvents(ctx, request) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Type, event.OrderId, event.Amount)
		cursor = event.Cursor // store it together with what the event made you do
	}
	// Output:
	// EVENT_TYPE_ACCOUNT_OPENED  50000
	// EVENT_TYPE_AUTHORIZED o-1 3000
	// EVENT_TYPE_VOIDED o-1 3000
}

// A payment gateway: read what is to be collected, collect it, report what became of it, and keep the cursor. It may stop
// anywhere and be started again: a collection that is read twice is debited and reported under the same ids.
func ExampleClient_StreamCollections() {
	addr, server, stop := serve()
	defer stop()
	c := dial(addr)
	defer c.Close()
	ctx := context.Background()
	owe(ctx, c, 3000)
	server.Issue("acc_1") // as the server does on a due date
	server.Script("StreamCollections", client.Act{Err: status.Error(codes.Unavailable, "the stream breaks"), CarryOut: true})

	debit := func(c *holdfastv1.Collection) (reference string, err error) { // your bank, once for each collection id
		return "bank-" + c.CollectionId, nil
	}
	run := func(cursor string) string { // from where the last run stored it
		request := &holdfastv1.StreamCollectionsRequest{
			Cursor: cursor, Channel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_DIRECT_DEBIT,
			UntilNow: true, // without it the loop goes on for ever
		}
		for issued, err := range c.StreamCollections(ctx, request) {
			if err != nil {
				log.Fatal(err) // a stream that breaks is not an error: it is resumed
			}
			report := &holdfastv1.ReportCollectionRequest{
				RequestId: "report-" + issued.Collection.CollectionId, CollectionId: issued.Collection.CollectionId,
			}
			if reference, err := debit(issued.Collection); err == nil {
				report.Outcome, report.Reference = holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED, reference
			} else {
				report.Outcome, report.Reason = holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_FAILED, err.Error()
			}
			reported, err := c.ReportCollection(ctx, report)
			if err != nil {
				log.Fatal(err) // the cursor is not stored: the next run reads this collection again
			}
			fmt.Println(report.RequestId, issued.Collection.Amount, "balance:", reported.Billing.Balance, "again:", reported.Replayed)
			cursor = issued.Cursor // store it now
		}
		return cursor
	}
	cursor := run("")
	run("") // a run whose cursor was lost does no harm
	run(cursor)
	// Output:
	// report-item_1 3000 balance: 0 again: false
	// report-item_1 3000 balance: 0 again: true
}

// A payment that came in by itself, posted under the bank's reference: told twice, it counts once. What is paid beyond
// what is owed is credit.
func ExampleClient_PostRepayment() {
	addr, _, stop := serve()
	defer stop()
	c := dial(addr)
	defer c.Close()
	ctx := context.Background()
	owe(ctx, c, 3000)

	for range 2 {
		paid, err := c.PostRepayment(ctx, &holdfastv1.PostRepaymentRequest{
			RequestId: "bank-20260216-17", AccountId: "acc_1", Currency: "CNY", Amount: 3500, Reference: "bank transfer 20260216-17",
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("balance:", paid.Billing.Balance, "credit:", paid.Billing.CreditBalance, "again:", paid.Replayed)
	}
	// Output:
	// balance: -500 credit: 500 again: false
	// balance: -500 credit: 500 again: true
}

// owe has acc_1 buy something.
func owe(ctx context.Context, c *client.Client, amount int64) {
	auth, err := c.Authorize(ctx, &holdfastv1.AuthorizeRequest{
		AccountId: "acc_1", Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: amount,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Capture(ctx, &holdfastv1.CaptureRequest{AuthorizationId: auth.Authorization.AuthorizationId, Currency: "CNY", Amount: amount, Final: true})
	if err != nil {
		log.Fatal(err)
	}
}

// A cluster: dial any node, and name others in case that one is down. What an account's owner decides goes there at once.
func ExampleWithSeeds() {
	nodes := client.StartFakes(3, 6) // in place of three times `holdfast serve`, with six shards
	for _, n := range nodes {
		defer n.Stop()
	}
	nodes[0].Kill() // two are enough
	nodes[0].Own(nodes[1], nodes[1], nodes[2], nodes[1])
	client.TellAll(2, nodes[1], nodes[2])
	ctx := context.Background()

	c, err := client.Dial(nodes[0].Addr, client.WithSeeds(nodes[1].Addr, nodes[2].Addr),
		client.WithTimeout(10*time.Second), client.WithRetry(client.RetryPolicy{MaxAttempts: 20}), // outlasts a takeover
		client.WithInsecure(), client.WithCaller("shop"))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	account := client.AccountOf(3) // as OpenAccount answered
	auth, err := c.Authorize(ctx, &holdfastv1.AuthorizeRequest{
		AccountId: account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1",
		CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: 3000,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Decision)

	topology, err := c.Topology(ctx)
	if err != nil {
		log.Fatal(err)
	}
	shard, _ := client.ShardOf(account)
	fmt.Println(len(topology.Nodes), "nodes; shard", shard, "is decided by", topology.Owner(shard).NodeId)
	// Output:
	// DECISION_APPROVED
	// 2 nodes; shard 3 is decided by node-0
}

// A page that shows what is left need not burden the node that decides, if it says how old the figure is.
func ExampleReadLocally() {
	nodes := client.StartFakes(2, 2)
	for _, n := range nodes {
		defer n.Stop()
	}
	nodes[0].Own(nil, nil) // nor need there be one just now
	c := dial(nodes[0].Addr)
	defer c.Close()

	var asOf client.AsOf
	ctx := client.ReadLocally(context.Background(), &asOf)
	resp, err := c.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: client.AccountOf(1)})
	if err != nil {
		log.Fatal(err)
	}
	if asOf.Local {
		fmt.Println("posted:", resp.Account.Posted, "as of", asOf.Time.Format(time.DateTime))
	} else {
		fmt.Println("posted:", resp.Account.Posted) // the node that decides answered: it is as of now
	}
	// Output: posted: 0 as of 2026-02-16 09:30:00
}

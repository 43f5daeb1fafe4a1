package client

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// What the fake knows of debts: what is posted is owed, and what is paid beyond it is credit.

// Issue issues a collection of all that an account owes.
func (f *Fake) Issue(account string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.issued) + 1
	f.issued = append(f.issued, &pb.Collection{
		CollectionId: fmt.Sprintf("item_%d", n), AccountId: account, Currency: "CNY", Amount: f.accounts[account].Posted, Attempt: 1,
	})
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *Fake) StreamCollections(req *pb.StreamCollectionsRequest, stream grpc.ServerStreamingServer[pb.StreamCollectionsResponse]) error {
	act, _ := f.arrive(stream.Context(), "StreamCollections", req)
	if act.Err != nil && !act.CarryOut {
		return act.Err
	}
	from := 0
	if req.Cursor != "" {
		from, _ = strconv.Atoi(req.Cursor)
	}
	for {
		f.mu.Lock()
		issued, changed := f.issued[from:], f.changed
		f.mu.Unlock()
		for _, c := range issued {
			from++
			if err := stream.Send(&pb.StreamCollectionsResponse{Cursor: strconv.Itoa(from), Collection: c}); err != nil {
				return err
			}
			if act.Err != nil { // CarryOut: one collection, then the break
				return act.Err
			}
		}
		if req.UntilNow {
			return nil
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// pay pays an account's debt. The lock is held.
func (f *Fake) pay(account string, amount int64) *pb.Billing {
	a := f.accounts[account]
	paid := min(amount, a.Posted)
	a.Posted, a.Available, a.CreditBalance = a.Posted-paid, a.Available+paid, a.CreditBalance+amount-paid
	return &pb.Billing{AccountId: account, Currency: a.Currency, Balance: a.Posted - a.CreditBalance, CreditBalance: a.CreditBalance}
}

func (f *Fake) PostRepayment(ctx context.Context, req *pb.PostRepaymentRequest) (*pb.PostRepaymentResponse, error) {
	return once(ctx, f, "PostRepayment", req, func(string) (*pb.PostRepaymentResponse, error) {
		if f.accounts[req.AccountId] == nil {
			return nil, Refusal(codes.NotFound, "ACCOUNT_NOT_FOUND", nil)
		}
		item := &pb.Item{ItemId: "item_100", Kind: pb.ItemKind_ITEM_KIND_REPAYMENT_POSTED, Amount: req.Amount}
		return &pb.PostRepaymentResponse{RepaymentId: item.ItemId, Item: item, Billing: f.pay(req.AccountId, req.Amount)}, nil
	})
}

func (f *Fake) ReportCollection(ctx context.Context, req *pb.ReportCollectionRequest) (*pb.ReportCollectionResponse, error) {
	return once(ctx, f, "ReportCollection", req, func(string) (*pb.ReportCollectionResponse, error) {
		for _, c := range f.issued {
			if c.CollectionId != req.CollectionId {
				continue
			}
			amount := int64(0)
			if req.Outcome == pb.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED {
				amount = c.Amount
			}
			return &pb.ReportCollectionResponse{Item: &pb.Item{AboutItemId: c.CollectionId, Amount: c.Amount}, Billing: f.pay(c.AccountId, amount)}, nil
		}
		return nil, Refusal(codes.NotFound, "ITEM_NOT_FOUND", nil)
	})
}

func (f *Fake) GetBilling(ctx context.Context, req *pb.GetBillingRequest) (*pb.GetBillingResponse, error) {
	return read(ctx, f, "GetBilling", req, func(string) (*pb.GetBillingResponse, error) {
		a, ok := f.accounts[req.AccountId]
		if !ok {
			return nil, Refusal(codes.NotFound, "ACCOUNT_NOT_FOUND", nil)
		}
		return &pb.GetBillingResponse{Billing: proto.CloneOf(f.pay(a.AccountId, 0))}, nil
	})
}

package server

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"google.golang.org/grpc"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

const (
	mostResults = 500 // that one report may have
	lineSubmits = 64  // lines of a report that wait for the journal together
)

func (s *carrierBills) ReportCollectionLines(ctx context.Context, r *holdfastv1.ReportCollectionLinesRequest) (*holdfastv1.ReportCollectionLinesResponse, error) {
	commands, err := s.prepareLines(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ReportCollectionLinesResponse{Answers: make([]*holdfastv1.CollectionLineAnswer, len(commands))}
	of := map[int][]int{} // results, by their shards
	for i, c := range commands {
		of[int(c.Account.Shard())] = append(of[int(c.Account.Shard())], i)
	}
	_, only := onlyShard(ctx)
	shards := slices.Sorted(maps.Keys(of))
	return resp, atOnce(len(shards), len(shards), func(n int) error {
		shard, results := shards[n], of[shards[n]]
		if shard >= len(s.writers) {
			for _, i := range results {
				resp.Answers[i] = refusedLine(r.GetResults()[i], "ACCOUNT_NOT_FOUND", "there is no account "+commands[i].Account.String())
			}
			return nil
		}
		here := func() error { return s.reportHere(ctx, shard, results, commands, r, resp) }
		if s.node == nil || only {
			return here()
		}
		return s.node.at(ctx, shard, here, func(ctx context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
			return s.reportThere(ctx, conn, shard, results, r, resp)
		})
	})
}

// atOnce does n things, at most so many at once, and answers with the first error that there was.
func atOnce(n, most int, do func(int) error) error {
	var g sync.WaitGroup
	room, errs := make(chan struct{}, most), make([]error, n)
	for i := range n {
		room <- struct{}{}
		g.Go(func() {
			errs[i] = do(i)
			<-room
		})
	}
	g.Wait()
	return cmp.Or(errs...)
}

// prepareLines translates results. One that is malformed refuses all.
func (s *carrierBills) prepareLines(ctx context.Context, r *holdfastv1.ReportCollectionLinesRequest) ([]*ledger.ReportBatchLine, error) {
	var c check
	if n := len(r.GetResults()); n == 0 || n > mostResults {
		c.fault("results", "are %d, want 1 to %d", n, mostResults)
	}
	commands := make([]*ledger.ReportBatchLine, 0, min(len(r.GetResults()), mostResults))
	for i, line := range r.GetResults()[:min(len(r.GetResults()), mostResults)] {
		var of check
		id := of.item("collection_id", line.GetCollectionId())
		cmd := &ledger.ReportBatchLine{
			Caller: callerOf(ctx), Principal: !CallerOf(ctx).Role.operates(), Account: id.Account, Item: id.N, Currency: of.currency(line.GetCurrency()),
			ValueDate: of.dateOr("value_date", line.GetValueDate()), Reference: of.text("reference", line.GetReference()),
			Outcome: ledger.BatchOutcome(line.GetOutcome() - 1),
		}
		switch cmd.Outcome {
		case ledger.OutcomeCollected:
			cmd.Amount = of.amount("amount", line.GetAmount(), 1)
			cmd.Reason = of.text("reason", line.GetReason())
		case ledger.OutcomePartly:
			cmd.Amount = of.amount("amount", line.GetAmount(), 1)
			cmd.Reason = of.note("reason", line.GetReason())
		case ledger.OutcomeRefused:
			cmd.Reason = of.note("reason", line.GetReason())
			if line.GetAmount() != 0 || line.GetValueDate() != "" {
				of.fault("amount", "and value_date are only for what was collected")
			}
		default:
			of.fault("outcome", "is required: COLLECTED, PARTLY or REFUSED")
		}
		for _, f := range of.faults {
			c.fault(fmt.Sprintf("results[%d].%s", i, f.GetField()), "%s", f.GetDescription())
		}
		commands = append(commands, cmd)
	}
	return commands, c.err()
}

// reportHere carries results out in a shard of this server, many at a time so that they share the journal's syncs.
func (s *carrierBills) reportHere(
	ctx context.Context, shard int, results []int, commands []*ledger.ReportBatchLine, r *holdfastv1.ReportCollectionLinesRequest, resp *holdfastv1.ReportCollectionLinesResponse,
) error {
	return atOnce(len(results), lineSubmits, func(n int) error {
		i := results[n]
		out, err := s.writers[shard].Submit(ctx, commands[i])
		switch {
		case err != nil:
			return submitStatus(err)
		case out.Fault != nil:
			resp.Answers[i] = refusedLine(r.GetResults()[i], out.Fault.Reason, out.Fault.Message)
		default:
			resp.Answers[i] = &holdfastv1.CollectionLineAnswer{
				CollectionId: r.GetResults()[i].GetCollectionId(), Line: lineProto(commands[i].Currency, out.BatchLine), Replayed: out.Replayed,
			}
			if !out.Replayed {
				s.metrics.lineReported(string(out.BatchLine.Carrier), out.BatchLine.Outcome.String())
			}
		}
		return nil
	})
}

// reportThere has another node carry results out that decides for their shard.
func (s *carrierBills) reportThere(
	ctx context.Context, conn *grpc.ClientConn, shard int, results []int, r *holdfastv1.ReportCollectionLinesRequest, resp *holdfastv1.ReportCollectionLinesResponse,
) error {
	part := new(holdfastv1.ReportCollectionLinesRequest)
	for _, i := range results {
		part.Results = append(part.Results, r.GetResults()[i])
	}
	answer, err := holdfastv1.NewCarrierBillServiceClient(conn).ReportCollectionLines(s.node.onBehalf(ctx, shardKey, strconv.Itoa(shard)), part)
	s.node.metrics.sent(holdfastv1.CarrierBillService_ReportCollectionLines_FullMethodName, err)
	if err != nil {
		return err
	}
	for n, i := range results {
		resp.Answers[i] = answer.GetAnswers()[n]
	}
	return nil
}

func refusedLine(r *holdfastv1.CollectionLineResult, reason, message string) *holdfastv1.CollectionLineAnswer {
	return &holdfastv1.CollectionLineAnswer{CollectionId: r.GetCollectionId(), Reason: reason, Message: message}
}

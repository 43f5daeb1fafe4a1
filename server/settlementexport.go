package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// ExportSettlement reads the lines of a settlement from the journals again, between the entries that its parts name. However
// many there are, one is in memory at a time.
func (s *settlements) ExportSettlement(r *holdfastv1.ExportSettlementRequest, stream holdfastv1.SettlementService_ExportSettlementServer) error {
	var c check
	id := c.settlementNamed(r)
	if err := c.err(); err != nil {
		return err
	}
	ctx := stream.Context()
	if err := s.readsOf(ctx, id.Carrier); err != nil {
		return err
	}
	if _, err := s.moment(ctx); err != nil { // this node has all that is durable now
		return err
	}
	out, err := look(ctx, s.writers[s.settlementHome(id.Carrier)], &ledger.GetSettlement{ID: id})
	if err != nil {
		return err
	}
	settled := out.Settlement.Settlement
	if settled.State == ledger.SettlementClosing {
		return failed(codes.FailedPrecondition, "SETTLEMENT_CLOSING", fmt.Sprintf("settlement %s is being closed", id), retryIn(time.Second))
	}
	to := settlementSender(&messageSender{stream: stream})
	if r.GetCsv() {
		to = newCSVSender(stream)
	}
	var sums, late ledger.Sums
	for i := range settled.Parts {
		p := &settled.Parts[i]
		err := s.linesOf(ctx, settled, p, func(line *ledger.SettlementLine) error {
			sums.AddLine(line)
			if p.IsLate(line) {
				late.AddLine(line)
			}
			return to.line(p, line)
		})
		if err != nil {
			return err
		}
	}
	if sums != settled.Sums || late != settled.Late {
		return failed(codes.DataLoss, "DATA_LOSS", fmt.Sprintf("the journals have %d lines of settlement %s that come to %d, it has %d that come to %d",
			sums.Count(), id, sums.Net(), settled.Sums.Count(), settled.Sums.Net()))
	}
	return to.end(settled)
}

// linesOf tells every line of a part, in the order of its journal.
func (s *settlements) linesOf(ctx context.Context, settled *ledger.Settlement, p *ledger.SettlementPart, tell func(*ledger.SettlementLine) error) error {
	if int(p.Shard) >= len(s.writers) {
		return failed(codes.DataLoss, "DATA_LOSS", fmt.Sprintf("there is no shard %d", p.Shard))
	}
	var d record.Decoder
	var lines []ledger.SettlementLine
	for e, err := range s.writers[p.Shard].Journal().Replay(ctx, p.First) {
		if err != nil {
			return watchStatus(err)
		}
		if e.Sequence >= p.Sequence {
			break
		}
		d.Reset()
		var entry ledger.Entry
		if err := decode(d.Decode, e.Payload, &e, &entry); err != nil {
			return watchStatus(err)
		}
		lines = ledger.LinesOf(lines[:0], &entry)
		for i := range lines {
			if l := &lines[i]; l.Carrier == settled.Carrier && l.Currency == settled.Currency && p.Has(l) {
				if err := tell(l); err != nil {
					return err
				}
			}
		}
	}
	return ctx.Err()
}

// settlementSender sends an export in one of its forms.
type settlementSender interface {
	line(*ledger.SettlementPart, *ledger.SettlementLine) error
	end(*ledger.Settlement) error
}

// messageSender sends lines as messages.
type messageSender struct {
	stream holdfastv1.SettlementService_ExportSettlementServer
}

func (s *messageSender) line(p *ledger.SettlementPart, l *ledger.SettlementLine) error {
	return s.stream.Send(&holdfastv1.ExportSettlementResponse{Content: &holdfastv1.ExportSettlementResponse_Line{Line: settlementLineProto(p, l)}})
}

func (s *messageSender) end(v *ledger.Settlement) error {
	return s.stream.Send(&holdfastv1.ExportSettlementResponse{Content: &holdfastv1.ExportSettlementResponse_Control{Control: &holdfastv1.SettlementControl{
		Settlement: settlementProto(v), Sums: sumsOfLines(&v.Sums), LateCount: v.Late.Count(),
	}}})
}

func settlementLineProto(p *ledger.SettlementPart, l *ledger.SettlementLine) *holdfastv1.SettlementLine {
	v := &holdfastv1.SettlementLine{
		Kind: holdfastv1.SettlementLineKind(l.Kind), Date: dateProto(l.Date), Late: p.IsLate(l), Amount: int64(l.Amount), Fee: int64(l.Fee),
		OrderId: string(l.Order), Scene: holdfastv1.Scene(l.Scene), Reference: l.Reference, Note: l.Note,
		Time: timestamp(l.Time), Shard: int32(p.Shard), Sequence: l.Sequence,
	}
	if l.Account != 0 {
		v.AccountId = l.Account.String()
	}
	if l.Authorization != 0 {
		v.AuthorizationId = ledger.AuthorizationID{Account: l.Account, N: l.Authorization}.String()
	}
	return v
}

// csvPiece is about how large the pieces of a file are that are sent.
const csvPiece = 64 << 10

// csvHeader names the columns of a file.
var csvHeader = []string{
	"record", "kind", "date", "late", "amount", "fee", "net", "currency", "order_id", "authorization_id", "account_id", "scene",
	"reference", "note", "time", "shard", "sequence",
}

// csvSender sends lines as pieces of a file.
type csvSender struct {
	stream holdfastv1.SettlementService_ExportSettlementServer
	buffer bytes.Buffer
	file   *csv.Writer
	row    []string
}

func newCSVSender(stream holdfastv1.SettlementService_ExportSettlementServer) *csvSender {
	s := &csvSender{stream: stream}
	s.file = csv.NewWriter(&s.buffer)
	_ = s.file.Write(csvHeader) // into memory
	return s
}

func (s *csvSender) line(p *ledger.SettlementPart, l *ledger.SettlementLine) error {
	v, scene := settlementLineProto(p, l), ""
	if l.Scene.Valid() {
		scene = l.Scene.String()
	}
	s.row = append(s.row[:0], "LINE", l.Kind.String(), v.GetDate(), strconv.FormatBool(v.GetLate()), digits(v.GetAmount()), digits(v.GetFee()), digits(int64(l.Net())),
		string(l.Currency), v.GetOrderId(), v.GetAuthorizationId(), v.GetAccountId(), scene, v.GetReference(), v.GetNote(),
		l.Time.Time().Format(time.RFC3339Nano), digits(int64(p.Shard)), strconv.FormatUint(l.Sequence, 10))
	_ = s.file.Write(s.row)
	return s.send(csvPiece)
}

func (s *csvSender) end(v *ledger.Settlement) error {
	var sum int64
	for _, k := range v.Sums.Kinds {
		sum += int64(k.Amount)
	}
	_ = s.file.Write([]string{
		"TOTAL", digits(v.Sums.Count()), v.Through.String(), digits(v.Late.Count()), digits(sum), digits(int64(v.Sums.Fees)), digits(int64(v.Sums.Net())),
		string(v.Currency), v.SettlementID.String(), "", "", "", "", "", v.Closed.Time().Format(time.RFC3339Nano), "", "",
	})
	return s.send(1)
}

// send sends what there is, when that is at least so many bytes.
func (s *csvSender) send(least int) error {
	if s.file.Flush(); s.buffer.Len() < least {
		return nil
	}
	err := s.stream.Send(&holdfastv1.ExportSettlementResponse{Content: &holdfastv1.ExportSettlementResponse_Csv{Csv: s.buffer.Bytes()}})
	s.buffer.Reset() // it has been marshalled
	return err
}

func digits(v int64) string { return strconv.FormatInt(v, 10) }

package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// Replies from outcomes.

func checkReply(out *ledger.Outcome) *holdfastv1.CheckResponse {
	m := &holdfastv1.CheckResponse{
		Decision: holdfastv1.Decision(out.Decision), Reasons: reasonsProto(out.Reasons),
		AuthorizedAmount: int64(out.Amount), Headroom: headroomProto(&out.Headroom),
	}
	m.RiskAction, m.RiskReasons = riskProto(&out.Verdict)
	m.Points = paymentProto(out.Redeems)
	return m
}

// authorizeReply is the reply of the hot path: one allocation, and one for each id.
func authorizeReply(out *ledger.Outcome) *holdfastv1.AuthorizeResponse {
	p := &struct {
		message holdfastv1.AuthorizeResponse
		body
	}{}
	m := &p.message
	m.Decision, m.Reasons, m.Replayed = holdfastv1.Decision(out.Decision), reasonsProto(out.Reasons), out.Replayed
	m.Authorization, m.Headroom = p.fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

func chargeReply(out *ledger.Outcome) *holdfastv1.ChargeResponse {
	m := &holdfastv1.ChargeResponse{
		Decision: holdfastv1.Decision(out.Decision), Reasons: reasonsProto(out.Reasons),
		CaptureId: captureID(out), Replayed: out.Replayed,
	}
	m.Authorization, m.Headroom = new(body).fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

func captureID(out *ledger.Outcome) string {
	if out.Part == 0 {
		return ""
	}
	return out.ID.CaptureID(out.Part)
}

func adviseReply(out *ledger.Outcome) *holdfastv1.AdviseResponse {
	m := &holdfastv1.AdviseResponse{CaptureId: captureID(out), Exceeded: out.Exceeded, Replayed: out.Replayed}
	m.Authorization, m.Headroom = new(body).fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

func reverseReply(out *ledger.Outcome) *holdfastv1.ReverseResponse {
	m := &holdfastv1.ReverseResponse{
		Tombstone: out.Tombstone, ReleasedAmount: int64(out.Released), RefundedAmount: int64(out.Refunded), Replayed: out.Replayed,
	}
	m.Authorization, m.Headroom = new(body).fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

func incrementReply(out *ledger.Outcome) *holdfastv1.IncrementResponse {
	m := &holdfastv1.IncrementResponse{Decision: holdfastv1.Decision(out.Decision), Reasons: reasonsProto(out.Reasons), Replayed: out.Replayed}
	m.Authorization, m.Headroom = new(body).fill(out)
	return m
}

func extendReply(out *ledger.Outcome) *holdfastv1.ExtendResponse {
	m := &holdfastv1.ExtendResponse{Replayed: out.Replayed}
	m.Authorization, m.Headroom = new(body).fill(out)
	return m
}

func markSubmittedReply(out *ledger.Outcome) *holdfastv1.MarkSubmittedResponse {
	m := &holdfastv1.MarkSubmittedResponse{Replayed: out.Replayed}
	m.Authorization, m.Headroom = new(body).fill(out)
	return m
}

func captureReply(out *ledger.Outcome) *holdfastv1.CaptureResponse {
	m := &holdfastv1.CaptureResponse{CaptureId: captureID(out), Late: out.Late, Replayed: out.Replayed}
	m.Authorization, m.Headroom = new(body).fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

func voidReply(out *ledger.Outcome) *holdfastv1.VoidResponse {
	m := &holdfastv1.VoidResponse{Replayed: out.Replayed}
	m.Authorization, m.Headroom = new(body).fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

func refundReply(out *ledger.Outcome) *holdfastv1.RefundResponse {
	m := &holdfastv1.RefundResponse{Replayed: out.Replayed, RefundId: out.ID.RefundID(out.Part)}
	m.Authorization, m.Headroom = new(body).fill(out)
	m.Points = pointsChangeProto(out.Points)
	return m
}

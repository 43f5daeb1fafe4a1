package server

import (
	"context"
	"fmt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// accounts is AccountService.
type accounts struct {
	holdfastv1.UnimplementedAccountServiceServer
	*router
	zone  calendar.Zone
	terms *termsBook
}

// change carries out a change of an account and answers with the account as the change left it, on that day.
func (s *accounts) change(ctx context.Context, c *check, id ledger.AccountID, cmd ledger.Command) (*holdfastv1.Account, bool, error) {
	if err := c.err(); err != nil {
		return nil, false, err
	}
	out, err := s.on(ctx, id, cmd)
	if err != nil {
		return nil, false, err
	}
	a, err := s.changed(ctx, out)
	return a, out.Replayed, err
}

func (s *accounts) changed(ctx context.Context, out *ledger.Outcome) (*holdfastv1.Account, error) {
	return s.tell(ctx, out.Account, s.zone.DateAt(out.Account.Updated))
}

// tell is an account as it stands on a day.
func (s *accounts) tell(ctx context.Context, a *ledger.Account, today calendar.Date) (*holdfastv1.Account, error) {
	t, err := s.terms.of(ctx, int(a.ID.Shard()), a.Billing.Terms)
	if err != nil {
		return nil, err
	}
	return accountProto(a, today, t.Version), nil
}

func (s *accounts) OpenAccount(ctx context.Context, r *holdfastv1.OpenAccountRequest) (*holdfastv1.OpenAccountResponse, error) {
	var c check
	cmd := &ledger.OpenAccount{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Consumer: token[ledger.ConsumerToken](&c, "consumer_token", r.GetConsumerToken()),
		Currency: c.currency(r.GetCurrency()),
		Limit:    c.amount("limit", r.GetLimit(), 0),
		Terms:    c.version("terms_version", r.GetTermsVersion(), false),
		Day:      c.statementDay(r.GetStatementDay(), false),
		Channel:  c.firstChannel(r.GetCollectionChannel()),
	}
	var seen [ledger.Scenes + 1]bool
	for i, p := range r.GetLines() {
		line := c.line(fmt.Sprintf("lines[%d].", i), p)
		if seen[line.Scene] && line.Scene != ledger.NoScene {
			c.fault("lines", "has two lines for %s", line.Scene)
		}
		seen[line.Scene] = true
		cmd.Lines = append(cmd.Lines, line)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.consumer(cmd.Consumer), cmd)
	if err != nil {
		return nil, err
	}
	a, err := s.changed(ctx, out)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.OpenAccountResponse{Account: a, Replayed: out.Replayed}, nil
}

func (s *accounts) GetAccount(ctx context.Context, r *holdfastv1.GetAccountRequest) (*holdfastv1.GetAccountResponse, error) {
	var c check
	var out *ledger.Outcome
	var err error
	switch {
	case (r.GetAccountId() == "") == (r.GetConsumerToken() == ""):
		c.fault("account_id", "or consumer_token is required, and not both")
		return nil, c.err()
	case r.GetAccountId() != "":
		id := c.account(r.GetAccountId())
		if err := c.err(); err != nil {
			return nil, err
		}
		out, err = s.on(ctx, id, &ledger.GetAccount{Account: id})
	default:
		consumer := token[ledger.ConsumerToken](&c, "consumer_token", r.GetConsumerToken())
		if err := c.err(); err != nil {
			return nil, err
		}
		out, err = submit(ctx, s.consumer(consumer), &ledger.GetAccount{Consumer: consumer})
	}
	if err != nil {
		return nil, err
	}
	a, err := s.tell(ctx, out.Account, out.Today)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetAccountResponse{Account: a}, nil
}

// ListAccounts walks the shards one after the other; the page token is the id of the last account. In a cluster a page is of
// one shard.
func (s *accounts) ListAccounts(ctx context.Context, r *holdfastv1.ListAccountsRequest) (*holdfastv1.ListAccountsResponse, error) {
	var c check
	limit := c.page(r.GetPageSize())
	var shard int
	var after uint64
	if r.GetPageToken() != "" {
		last, ok := accountBefore(r.GetPageToken())
		if !ok || int(last.Shard()) >= len(s.writers) {
			c.fault("page_token", "is not a token of this list")
		}
		shard, after = int(last.Shard()), last.Number()
	}
	first := shard
	if err := c.err(); err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListAccountsResponse{}
	for ; shard < len(s.writers); shard, after = shard+1, 0 {
		out, err := submit(ctx, s.writers[shard], &ledger.ListAccounts{After: after, Limit: limit - len(resp.Accounts)})
		if err != nil {
			return nil, err
		}
		for _, a := range out.Accounts {
			one, err := s.tell(ctx, a, out.Today)
			if err != nil {
				return nil, err
			}
			resp.Accounts = append(resp.Accounts, one)
		}
		if s.node != nil && shard == first && !out.More && len(resp.Accounts) < limit && shard+1 < len(s.writers) {
			// The next shard may be another node's: its accounts are on the next page.
			resp.NextPageToken = ledger.NewAccountID(uint16(shard+1), 0).String()
			break
		}
		if n := len(resp.Accounts); n == limit {
			if out.More || shard+1 < len(s.writers) {
				resp.NextPageToken = resp.Accounts[n-1].AccountId
			}
			break
		}
	}
	return resp, nil
}

// accountBefore reads a page token: the last account of the page before, or the place before a shard's first.
func accountBefore(token string) (ledger.AccountID, bool) {
	if id, err := ledger.ParseAccountID(token); err == nil {
		return id, true
	}
	shard, _ := ledger.ShardOf(token)
	id := ledger.NewAccountID(shard, 0)
	return id, token == id.String()
}

func (s *accounts) SetLimits(ctx context.Context, r *holdfastv1.SetLimitsRequest) (*holdfastv1.SetLimitsResponse, error) {
	var c check
	cmd := &ledger.SetLimits{
		Request:    c.request(callerOf(ctx), r.GetRequestId()),
		Account:    c.account(r.GetAccountId()),
		Currency:   c.currency(r.GetCurrency()),
		SetAccount: r.Limit != nil,
		Limit:      c.amount("limit", r.GetLimit(), 0),
	}
	if !cmd.SetAccount && len(r.GetLineLimits()) == 0 {
		c.fault("limit", "or line_limits is required")
	}
	var seen [ledger.Scenes + 1]bool
	for _, p := range r.GetLineLimits() {
		line := ledger.LimitOfLine{Scene: c.scene("line_limits.scene", p.GetScene()), Limit: c.amount("line_limits.limit", p.GetLimit(), 0)}
		if seen[line.Scene] && line.Scene != ledger.NoScene {
			c.fault("line_limits", "has two limits for %s", line.Scene)
		}
		seen[line.Scene] = true
		cmd.Lines = append(cmd.Lines, line)
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SetLimitsResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) SetTemporaryLimit(ctx context.Context, r *holdfastv1.SetTemporaryLimitRequest) (*holdfastv1.SetTemporaryLimitResponse, error) {
	var c check
	cmd := &ledger.SetTemporaryLimit{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Account:  c.account(r.GetAccountId()),
		Currency: c.currency(r.GetCurrency()),
	}
	if r.GetScene() != holdfastv1.Scene_SCENE_UNSPECIFIED {
		cmd.Scene = c.scene("scene", r.GetScene())
	}
	cmd.Raise.Limit = c.amount("limit", r.GetLimit(), 0)
	switch {
	case cmd.Raise.Limit > 0:
		cmd.Raise.LastDay = c.date("last_day", r.GetLastDay())
	case r.GetLastDay() != "":
		c.fault("last_day", "is only for a limit above 0")
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SetTemporaryLimitResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) FreezeAccount(ctx context.Context, r *holdfastv1.FreezeAccountRequest) (*holdfastv1.FreezeAccountResponse, error) {
	var c check
	cmd := &ledger.Freeze{Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()), Reason: c.note("reason", r.GetReason())}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.FreezeAccountResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) UnfreezeAccount(ctx context.Context, r *holdfastv1.UnfreezeAccountRequest) (*holdfastv1.UnfreezeAccountResponse, error) {
	var c check
	cmd := &ledger.Unfreeze{Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()), Reason: c.note("reason", r.GetReason())}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.UnfreezeAccountResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) CloseAccount(ctx context.Context, r *holdfastv1.CloseAccountRequest) (*holdfastv1.CloseAccountResponse, error) {
	var c check
	cmd := &ledger.CloseAccount{Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()), Reason: c.note("reason", r.GetReason())}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.CloseAccountResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) OpenLine(ctx context.Context, r *holdfastv1.OpenLineRequest) (*holdfastv1.OpenLineResponse, error) {
	var c check
	cmd := &ledger.OpenLine{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Account:  c.account(r.GetAccountId()),
		Currency: c.currency(r.GetCurrency()),
		Line:     c.line("line.", r.GetLine()),
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.OpenLineResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) CloseLine(ctx context.Context, r *holdfastv1.CloseLineRequest) (*holdfastv1.CloseLineResponse, error) {
	var c check
	cmd := &ledger.CloseLine{
		Request: c.request(callerOf(ctx), r.GetRequestId()),
		Account: c.account(r.GetAccountId()),
		Scene:   c.scene("scene", r.GetScene()),
		Reason:  c.note("reason", r.GetReason()),
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.CloseLineResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) AcceptAgreement(ctx context.Context, r *holdfastv1.AcceptAgreementRequest) (*holdfastv1.AcceptAgreementResponse, error) {
	var c check
	cmd := &ledger.AcceptAgreement{
		Request: c.request(callerOf(ctx), r.GetRequestId()),
		Account: c.account(r.GetAccountId()),
		Scene:   c.scene("scene", r.GetScene()),
		Version: c.version("agreement_version", r.GetAgreementVersion(), true),
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.AcceptAgreementResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) SetSpendingControls(ctx context.Context, r *holdfastv1.SetSpendingControlsRequest) (*holdfastv1.SetSpendingControlsResponse, error) {
	var c check
	cmd := &ledger.SetControls{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Account:  c.account(r.GetAccountId()),
		Scene:    c.scene("scene", r.GetScene()),
		Currency: c.currency(r.GetCurrency()),
		Controls: c.controls("controls.", r.GetControls()),
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SetSpendingControlsResponse{Account: a, Replayed: replayed}, nil
}

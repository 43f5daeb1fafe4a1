package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of AccountService. What each means, and which errors it has, is documented with the service.

// OpenAccount opens an account for a consumer, with any lines given.
func (c *Client) OpenAccount(ctx context.Context, req *holdfastv1.OpenAccountRequest) (
	*holdfastv1.OpenAccountResponse, error,
) {
	return do(ctx, c, &openAccountMethod, req)
}

// GetAccount reads one account by its id or by its consumer token.
func (c *Client) GetAccount(ctx context.Context, req *holdfastv1.GetAccountRequest) (
	*holdfastv1.GetAccountResponse, error,
) {
	return do(ctx, c, &getAccountMethod, req)
}

// ListAccounts reads a page of all accounts, in order of their ids.
func (c *Client) ListAccounts(ctx context.Context, req *holdfastv1.ListAccountsRequest) (
	*holdfastv1.ListAccountsResponse, error,
) {
	return do(ctx, c, &listAccountsMethod, req)
}

// SetLimits sets the limit of an account, and those of the lines named.
func (c *Client) SetLimits(ctx context.Context, req *holdfastv1.SetLimitsRequest) (
	*holdfastv1.SetLimitsResponse, error,
) {
	return do(ctx, c, &setLimitsMethod, req)
}

// SetTemporaryLimit raises the limit of an account, or of one line, until the end of a civil day.
func (c *Client) SetTemporaryLimit(ctx context.Context, req *holdfastv1.SetTemporaryLimitRequest) (
	*holdfastv1.SetTemporaryLimitResponse, error,
) {
	return do(ctx, c, &setTemporaryLimitMethod, req)
}

// FreezeAccount stops new authorizations on an account.
func (c *Client) FreezeAccount(ctx context.Context, req *holdfastv1.FreezeAccountRequest) (
	*holdfastv1.FreezeAccountResponse, error,
) {
	return do(ctx, c, &freezeAccountMethod, req)
}

// UnfreezeAccount takes a freeze back.
func (c *Client) UnfreezeAccount(ctx context.Context, req *holdfastv1.UnfreezeAccountRequest) (
	*holdfastv1.UnfreezeAccountResponse, error,
) {
	return do(ctx, c, &unfreezeAccountMethod, req)
}

// CloseAccount ends an account for good.
func (c *Client) CloseAccount(ctx context.Context, req *holdfastv1.CloseAccountRequest) (
	*holdfastv1.CloseAccountResponse, error,
) {
	return do(ctx, c, &closeAccountMethod, req)
}

// OpenLine opens the line of a scene, or opens a closed one again.
func (c *Client) OpenLine(ctx context.Context, req *holdfastv1.OpenLineRequest) (
	*holdfastv1.OpenLineResponse, error,
) {
	return do(ctx, c, &openLineMethod, req)
}

// CloseLine stops new authorizations on a line.
func (c *Client) CloseLine(ctx context.Context, req *holdfastv1.CloseLineRequest) (
	*holdfastv1.CloseLineResponse, error,
) {
	return do(ctx, c, &closeLineMethod, req)
}

// AcceptAgreement records that the consumer accepted a version of a line's agreement.
func (c *Client) AcceptAgreement(ctx context.Context, req *holdfastv1.AcceptAgreementRequest) (
	*holdfastv1.AcceptAgreementResponse, error,
) {
	return do(ctx, c, &acceptAgreementMethod, req)
}

// SetSpendingControls replaces all spending controls of a line.
func (c *Client) SetSpendingControls(ctx context.Context, req *holdfastv1.SetSpendingControlsRequest) (
	*holdfastv1.SetSpendingControlsResponse, error,
) {
	return do(ctx, c, &setSpendingControlsMethod, req)
}

// SetMandate lets the bill of a phone be paid each month, or changes up to what.
func (c *Client) SetMandate(ctx context.Context, req *holdfastv1.SetMandateRequest) (*holdfastv1.SetMandateResponse, error) {
	return do(ctx, c, &setMandateMethod, req)
}

// ListMandates reads the mandates of an account, with the newest of those that have ended.
func (c *Client) ListMandates(ctx context.Context, req *holdfastv1.ListMandatesRequest) (*holdfastv1.ListMandatesResponse, error) {
	return do(ctx, c, &listMandatesMethod, req)
}

// EndMandate ends a mandate.
func (c *Client) EndMandate(ctx context.Context, req *holdfastv1.EndMandateRequest) (*holdfastv1.EndMandateResponse, error) {
	return do(ctx, c, &endMandateMethod, req)
}

var (
	openAccountMethod = method[holdfastv1.OpenAccountRequest, holdfastv1.OpenAccountResponse]{
		name:      "OpenAccount",
		full:      holdfastv1.AccountService_OpenAccount_FullMethodName,
		requestID: func(r *holdfastv1.OpenAccountRequest) *string { return &r.RequestId },
	}
	getAccountMethod = method[holdfastv1.GetAccountRequest, holdfastv1.GetAccountResponse]{
		name: "GetAccount",
		full: holdfastv1.AccountService_GetAccount_FullMethodName,
		key:  (*holdfastv1.GetAccountRequest).GetAccountId,
	}
	listAccountsMethod = method[holdfastv1.ListAccountsRequest, holdfastv1.ListAccountsResponse]{
		name: "ListAccounts",
		full: holdfastv1.AccountService_ListAccounts_FullMethodName,
	}
	setLimitsMethod = method[holdfastv1.SetLimitsRequest, holdfastv1.SetLimitsResponse]{
		name:      "SetLimits",
		full:      holdfastv1.AccountService_SetLimits_FullMethodName,
		key:       (*holdfastv1.SetLimitsRequest).GetAccountId,
		requestID: func(r *holdfastv1.SetLimitsRequest) *string { return &r.RequestId },
	}
	setTemporaryLimitMethod = method[holdfastv1.SetTemporaryLimitRequest, holdfastv1.SetTemporaryLimitResponse]{
		name:      "SetTemporaryLimit",
		full:      holdfastv1.AccountService_SetTemporaryLimit_FullMethodName,
		key:       (*holdfastv1.SetTemporaryLimitRequest).GetAccountId,
		requestID: func(r *holdfastv1.SetTemporaryLimitRequest) *string { return &r.RequestId },
	}
	freezeAccountMethod = method[holdfastv1.FreezeAccountRequest, holdfastv1.FreezeAccountResponse]{
		name:      "FreezeAccount",
		full:      holdfastv1.AccountService_FreezeAccount_FullMethodName,
		key:       (*holdfastv1.FreezeAccountRequest).GetAccountId,
		requestID: func(r *holdfastv1.FreezeAccountRequest) *string { return &r.RequestId },
	}
	unfreezeAccountMethod = method[holdfastv1.UnfreezeAccountRequest, holdfastv1.UnfreezeAccountResponse]{
		name:      "UnfreezeAccount",
		full:      holdfastv1.AccountService_UnfreezeAccount_FullMethodName,
		key:       (*holdfastv1.UnfreezeAccountRequest).GetAccountId,
		requestID: func(r *holdfastv1.UnfreezeAccountRequest) *string { return &r.RequestId },
	}
	closeAccountMethod = method[holdfastv1.CloseAccountRequest, holdfastv1.CloseAccountResponse]{
		name:      "CloseAccount",
		full:      holdfastv1.AccountService_CloseAccount_FullMethodName,
		key:       (*holdfastv1.CloseAccountRequest).GetAccountId,
		requestID: func(r *holdfastv1.CloseAccountRequest) *string { return &r.RequestId },
	}
	openLineMethod = method[holdfastv1.OpenLineRequest, holdfastv1.OpenLineResponse]{
		name:      "OpenLine",
		full:      holdfastv1.AccountService_OpenLine_FullMethodName,
		key:       (*holdfastv1.OpenLineRequest).GetAccountId,
		requestID: func(r *holdfastv1.OpenLineRequest) *string { return &r.RequestId },
	}
	closeLineMethod = method[holdfastv1.CloseLineRequest, holdfastv1.CloseLineResponse]{
		name:      "CloseLine",
		full:      holdfastv1.AccountService_CloseLine_FullMethodName,
		key:       (*holdfastv1.CloseLineRequest).GetAccountId,
		requestID: func(r *holdfastv1.CloseLineRequest) *string { return &r.RequestId },
	}
	acceptAgreementMethod = method[holdfastv1.AcceptAgreementRequest, holdfastv1.AcceptAgreementResponse]{
		name:      "AcceptAgreement",
		full:      holdfastv1.AccountService_AcceptAgreement_FullMethodName,
		key:       (*holdfastv1.AcceptAgreementRequest).GetAccountId,
		requestID: func(r *holdfastv1.AcceptAgreementRequest) *string { return &r.RequestId },
	}
	setSpendingControlsMethod = method[holdfastv1.SetSpendingControlsRequest, holdfastv1.SetSpendingControlsResponse]{
		name:      "SetSpendingControls",
		full:      holdfastv1.AccountService_SetSpendingControls_FullMethodName,
		key:       (*holdfastv1.SetSpendingControlsRequest).GetAccountId,
		requestID: func(r *holdfastv1.SetSpendingControlsRequest) *string { return &r.RequestId },
	}
	setMandateMethod = method[holdfastv1.SetMandateRequest, holdfastv1.SetMandateResponse]{
		name:      "SetMandate",
		full:      holdfastv1.AccountService_SetMandate_FullMethodName,
		key:       (*holdfastv1.SetMandateRequest).GetAccountId,
		requestID: func(r *holdfastv1.SetMandateRequest) *string { return &r.RequestId },
	}
	listMandatesMethod = method[holdfastv1.ListMandatesRequest, holdfastv1.ListMandatesResponse]{
		name: "ListMandates",
		full: holdfastv1.AccountService_ListMandates_FullMethodName,
		key:  (*holdfastv1.ListMandatesRequest).GetAccountId,
	}
	endMandateMethod = method[holdfastv1.EndMandateRequest, holdfastv1.EndMandateResponse]{
		name:      "EndMandate",
		full:      holdfastv1.AccountService_EndMandate_FullMethodName,
		key:       (*holdfastv1.EndMandateRequest).GetMandateId,
		requestID: func(r *holdfastv1.EndMandateRequest) *string { return &r.RequestId },
	}
)

package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// The numbers of the domain's enumerations are those of the API, name by name, and neither has more than the other.
func TestEnumerationsAgree(t *testing.T) {
	same := func(prefix string, api map[int32]string, domain func(int32) string) {
		for n, name := range api {
			if n != 0 {
				require.Equal(t, strings.TrimPrefix(name, prefix), domain(n))
			}
		}
		require.NotContains(t, api, int32(len(api)), "%s has a gap", prefix)
	}
	same("DECLINE_REASON_", holdfastv1.DeclineReason_name, func(n int32) string { return ledger.Reason(n).String() })
	same("AUTHORIZATION_STATE_", holdfastv1.AuthorizationState_name, func(n int32) string { return ledger.State(n).String() })
	same("SCENE_", holdfastv1.Scene_name, func(n int32) string { return ledger.Scene(n).String() })
	require.Equal(t, ledger.BillAlreadyPaid, ledger.Reason(len(holdfastv1.DeclineReason_name)-1))
	require.Equal(t, ledger.Scenes, len(holdfastv1.Scene_name)-1)

	require.EqualValues(t, ledger.Approve, holdfastv1.Decision_DECISION_APPROVED)
	require.EqualValues(t, ledger.Decline, holdfastv1.Decision_DECISION_DECLINED)
	require.EqualValues(t, ledger.AccountActive, holdfastv1.AccountStatus_ACCOUNT_STATUS_ACTIVE)
	require.EqualValues(t, ledger.AccountFrozen, holdfastv1.AccountStatus_ACCOUNT_STATUS_FROZEN)
	require.EqualValues(t, ledger.AccountClosed, holdfastv1.AccountStatus_ACCOUNT_STATUS_CLOSED)
	require.EqualValues(t, ledger.LineOpen, holdfastv1.LineStatus_LINE_STATUS_OPEN)
	require.EqualValues(t, ledger.LineClosed, holdfastv1.LineStatus_LINE_STATUS_CLOSED)
}

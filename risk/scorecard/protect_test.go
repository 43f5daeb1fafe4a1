package scorecard_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

func TestProtected(t *testing.T) {
	for name, what := range map[string]string{
		"SEX": "sex", "gender": "sex", "is_female": "sex", "MARRIAGE": "marital status", "maritalStatus": "marital status",
		"AGE": "age", "age_years": "age", "BirthDate": "age", "date.of.birth": "age", "DOB": "age", "age2": "age",
		"religion": "religion", "ethnic_group": "ethnicity", "Nationality": "nationality", "disabled": "health",
		"average_spend": "", "usage": "", "language": "", "tenure_months": "", "percentage": "", "late_1": "", "message_count": "",
		"essex_branch": "", "trace_id": "", "": "",
	} {
		require.Equal(t, what, scorecard.Protected(name), name)
	}
}

package state_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// TestApplicants finds applicants, applications and reviews wherever they are: in memory, in the file, and in a file that was
// opened again. What was never there is nil; what must be there and is not is damage.
func TestApplicants(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{})
	application := func(n uint64, limit money.Amount) *ledger.Application {
		return &ledger.Application{ID: ledger.NewApplicationID(1, n), Sequence: n, Consumer: "c-1", Kind: ledger.NewLine, State: ledger.Offered,
			Assessment: ledger.Assessment{Decision: ledger.Approve, Inputs: []ledger.Input{{Name: "income", Value: "7"}}},
			Offer:      ledger.Offer{Limit: limit, Expires: 9, Lines: []ledger.LimitOfLine{{Scene: ledger.Bill, Limit: limit}}}}
	}
	review := &ledger.Review{ID: ledger.NewReviewID(1, 1), Sequence: 3, Consumer: "c-1", Subject: ledger.Subject{Application: ledger.NewApplicationID(1, 2)}, Statement: "why"}
	applicant := &ledger.Applicant{
		Consumer: "c-1", Sequence: 3, Applications: 2, Application: ledger.NewApplicationID(1, 2), Reviews: 1, Review: review.ID,
		Consents: []ledger.Consent{{Purpose: "assessment", Version: "1", Given: 5}}, Pending: []ledger.ReviewID{review.ID},
	}
	s.book.PutApplication(application(1, 100))
	s.book.PutApplication(application(2, 200))
	s.book.PutReview(review)
	s.book.PutApplicant(applicant)
	s.book.Shard().Applications, s.book.Shard().Reviews, s.book.Shard().Sequence = 3, 1, 3
	look := func(s *shard) {
		t.Helper()
		require.Equal(t, application(1, 100), s.book.Application(ledger.NewApplicationID(1, 1)))
		two := s.book.Application(ledger.NewApplicationID(1, 2))
		require.Equal(t, application(2, 200), two)
		require.Same(t, two, s.book.Application(ledger.NewApplicationID(1, 2)), "asked twice in a row")
		require.Nil(t, s.book.Application(ledger.NewApplicationID(1, 3)), "the newest may not have been put yet")
		require.Equal(t, review, s.book.Review(review.ID))
		require.Nil(t, s.book.Review(ledger.NewReviewID(1, 2)))
		require.Equal(t, applicant, s.book.Applicant("c-1"))
		require.Nil(t, s.book.Applicant("c-2"))
		require.NoError(t, s.book.Err())
	}
	look(s)
	s.flush()
	look(s)
	snapshot, err := s.state.Snapshot()
	require.NoError(t, err)
	require.NoError(t, snapshot.Applicants(func(p *ledger.Applicant) error { require.Equal(t, applicant, p); return nil }))
	require.Equal(t, application(2, 200), snapshot.Application(applicant.Application))
	require.Nil(t, snapshot.Application(ledger.NewApplicationID(1, 9)))
	require.Equal(t, review, snapshot.Review(review.ID))
	require.NoError(t, snapshot.Close())
	require.NoError(t, s.state.Close())
	again := open(t, path, state.Options{})
	look(again)
	again.book.Shard().Applications = 4
	require.Nil(t, again.book.Application(ledger.NewApplicationID(1, 3)))
	var corrupt *state.CorruptError
	require.ErrorAs(t, again.book.Err(), &corrupt, "one that came before the newest is there, or the file is damaged")
	require.NoError(t, again.state.Close())
}

// TestCompareApplicants holds applicants and what they have to those of a fold, each by the entry that it absorbed last.
func TestCompareApplicants(t *testing.T) {
	type rows struct{ applicant, application, review uint64 } // their sequences; 0 for none
	build := func(sequence uint64, v rows) (*state.State, *state.Snapshot) {
		s := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
		if v.application != 0 {
			s.book.PutApplication(&ledger.Application{ID: ledger.NewApplicationID(1, 1), Sequence: v.application})
		}
		if v.review != 0 {
			s.book.PutReview(&ledger.Review{ID: ledger.NewReviewID(1, 1), Sequence: v.review})
		}
		if v.applicant != 0 {
			s.book.PutApplicant(&ledger.Applicant{Consumer: "c", Sequence: v.applicant})
		}
		s.book.Shard().Sequence = sequence
		s.flush()
		snapshot, err := s.state.Snapshot()
		require.NoError(t, err)
		return s.state, snapshot
	}
	fold, folded := build(10, rows{10, 9, 7})
	for name, c := range map[string]struct {
		flushed uint64
		have    rows
		differ  []string
	}{
		"the same":                         {10, rows{10, 9, 7}, nil},
		"older, and flushed before":        {8, rows{8, 8, 7}, nil},
		"there before the applicant":       {8, rows{6, 9, 7}, nil},
		"missing, and changed since":       {8, rows{0, 0, 7}, nil},
		"missing, and flushed":             {8, rows{8, 8, 0}, []string{"reviews"}},
		"older than what has been flushed": {10, rows{9, 8, 7}, []string{"applications", "applicants"}},
		"newer than the fold":              {8, rows{11, 10, 7}, []string{"applications", "applicants"}},
	} {
		st, have := build(c.flushed, c.have)
		var differ []string
		_, err := have.Compare(folded, 0, func(d state.Difference) bool { differ = append(differ, d.Bucket); return true })
		require.NoError(t, err)
		require.Equal(t, c.differ, differ, name)
		require.NoError(t, have.Close())
		require.NoError(t, st.Close())
	}
	require.NoError(t, folded.Close())
	require.NoError(t, fold.Close())
}

package state

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// Applicant finds what is known of a consumer beside the account.
func (b *Book) Applicant(token ledger.ConsumerToken) *ledger.Applicant {
	b.key = append(b.key[:0], token...)
	return history(b, b.state.applicants, &b.applicant, record.DecodeApplicant)
}

// PutApplicant keeps what is known of a consumer.
func (b *Book) PutApplicant(p *ledger.Applicant) {
	b.key = append(b.key[:0], p.Consumer...)
	b.buf = record.AppendApplicant(b.buf[:0], p)
	putHistory(b, b.state.applicants, &b.applicant, p)
}

// Application finds an application.
func (b *Book) Application(id ledger.ApplicationID) *ledger.Application {
	b.key = binary.BigEndian.AppendUint64(b.key[:0], uint64(id))
	a := history(b, b.state.applications, &b.application, record.DecodeApplication)
	// The newest may not have been put yet. Every other is there.
	if a == nil && id.Number() < b.shard.Applications && id.Number() != 0 && id.Shard() == b.shard.Number {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("application %s is gone", id)})
	}
	return a
}

// PutApplication keeps an application.
func (b *Book) PutApplication(a *ledger.Application) {
	b.key = binary.BigEndian.AppendUint64(b.key[:0], uint64(a.ID))
	b.buf = record.AppendApplication(b.buf[:0], a)
	putHistory(b, b.state.applications, &b.application, a)
}

// Review finds a review.
func (b *Book) Review(id ledger.ReviewID) *ledger.Review {
	b.key = binary.BigEndian.AppendUint64(b.key[:0], uint64(id))
	r := history(b, b.state.reviews, &b.review, record.DecodeReview)
	if r == nil && id.Number() < b.shard.Reviews && id.Number() != 0 && id.Shard() == b.shard.Number {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("review %s is gone", id)})
	}
	return r
}

// PutReview keeps a review.
func (b *Book) PutReview(r *ledger.Review) {
	b.key = binary.BigEndian.AppendUint64(b.key[:0], uint64(r.ID))
	b.buf = record.AppendReview(b.buf[:0], r)
	putHistory(b, b.state.reviews, &b.review, r)
}

// Applicants yields every applicant of the snapshot. What is yielded may be kept.
func (s *Snapshot) Applicants(yield func(*ledger.Applicant) error) error {
	c := s.tx.Bucket(bucketApplicants).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		p := new(ledger.Applicant)
		row, ok := unseal(k, v)
		if !ok || record.DecodeApplicant(slices.Clone(row), p) != nil {
			return &CorruptError{s.path, fmt.Sprintf("applicant %q cannot be read", k)}
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return nil
}

// Application is an application of the snapshot; nil when there is none that can be read.
func (s *Snapshot) Application(id ledger.ApplicationID) *ledger.Application {
	return rowOf(s, bucketApplications, uint64(id), record.DecodeApplication)
}

// Review is a review of the snapshot; nil when there is none that can be read.
func (s *Snapshot) Review(id ledger.ReviewID) *ledger.Review {
	return rowOf(s, bucketReviews, uint64(id), record.DecodeReview)
}

func rowOf[T any](s *Snapshot, bucket []byte, id uint64, decode func([]byte, *T) error) *T {
	key := binary.BigEndian.AppendUint64(nil, id)
	v := new(T)
	if row, ok := unseal(key, s.tx.Bucket(bucket).Get(key)); !ok || decode(slices.Clone(row), v) != nil {
		return nil
	}
	return v
}

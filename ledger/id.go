package ledger

import (
	"fmt"
	"strings"
)

// Caller is who is calling: the principal that requests and orders belong to.
type Caller string

// RequestID is a caller's identity of one write.
type RequestID string

// OrderID is a caller's business key of one order.
type OrderID string

// CarrierID names who delivers.
type CarrierID string

// BundleOfferID names what a carrier offers by installments.
type BundleOfferID string

// ProductID names something that a carrier sells.
type ProductID string

// BillID is the carrier's reference of a bill.
type BillID string

// CarrierReference is the carrier's own id of a sale. Carriers make them as they like: any printable text.
type CarrierReference string

// PhoneToken stands for the phone that is paid for.
type PhoneToken string

// ConsumerToken stands for the person who pays.
type ConsumerToken string

// ShardBits is how many of an AccountID's bits are the shard's number.
const ShardBits = 12

// MaxShards is how many shards there can be.
const MaxShards = 1 << ShardBits

// AccountID is a shard's number and, below it, the account's number in the shard: 1, 2, 3, ...
type AccountID uint64

// NewAccountID is the id of the n-th account of a shard.
func NewAccountID(shard uint16, n uint64) AccountID {
	return AccountID(uint64(shard)<<(64-ShardBits) | n)
}

// Shard is the number of the shard that the account lives in.
func (a AccountID) Shard() uint16 { return uint16(a >> (64 - ShardBits)) }

// Number is the account's number in its shard.
func (a AccountID) Number() uint64 { return uint64(a) & (1<<(64-ShardBits) - 1) }

// ShardOf is the shard of an id of an account, or of anything whose id begins with its account's; false when it is none.
func ShardOf(id string) (shard uint16, ok bool) {
	_, digits, found := strings.Cut(id, "_")
	if !found || len(digits) < 13 {
		return 0, false
	}
	v, ok := parseBase32(digits[:13], 13)
	return AccountID(v).Shard(), ok
}

// String is acc_ and 13 characters of Crockford's base 32.
func (a AccountID) String() string { return inShard("acc_", uint64(a)) }

// ApplicationID is a shard's number and, below it, the application's number in the shard: 1, 2, 3, ...
type ApplicationID uint64

// NewApplicationID is the id of the n-th application of a shard.
func NewApplicationID(shard uint16, n uint64) ApplicationID {
	return ApplicationID(NewAccountID(shard, n))
}

// Shard is the number of the shard that the application lives in.
func (id ApplicationID) Shard() uint16 { return AccountID(id).Shard() }

// Number is the application's number in its shard.
func (id ApplicationID) Number() uint64 { return AccountID(id).Number() }

// String is app_ and 13 characters of Crockford's base 32.
func (id ApplicationID) String() string { return inShard("app_", uint64(id)) }

// ParseApplicationID reads what ApplicationID.String writes.
func ParseApplicationID(s string) (ApplicationID, error) {
	v, ok := parseInShard("app_", s)
	if !ok {
		return 0, fmt.Errorf("want an application id as app_ and 13 characters, have %q", clip(s))
	}
	return ApplicationID(v), nil
}

// ReviewID is a shard's number and, below it, the review's number in the shard: 1, 2, 3, ...
type ReviewID uint64

// NewReviewID is the id of the n-th review of a shard.
func NewReviewID(shard uint16, n uint64) ReviewID { return ReviewID(NewAccountID(shard, n)) }

// Shard is the number of the shard that the review lives in.
func (id ReviewID) Shard() uint16 { return AccountID(id).Shard() }

// Number is the review's number in its shard.
func (id ReviewID) Number() uint64 { return AccountID(id).Number() }

// String is rev_ and 13 characters of Crockford's base 32.
func (id ReviewID) String() string { return inShard("rev_", uint64(id)) }

// ParseReviewID reads what ReviewID.String writes.
func ParseReviewID(s string) (ReviewID, error) {
	v, ok := parseInShard("rev_", s)
	if !ok {
		return 0, fmt.Errorf("want a review id as rev_ and 13 characters, have %q", clip(s))
	}
	return ReviewID(v), nil
}

func inShard(prefix string, id uint64) string {
	var b [4 + 13]byte
	return string(appendBase32(append(b[:0], prefix...), id, 13))
}

func parseInShard(prefix, s string) (uint64, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	v, good := parseBase32(digits, 13)
	return v, ok && good && AccountID(v).Number() != 0
}

// AuthorizationID is an account and the authorization's number on it: 1, 2, 3, ... so that the id alone finds
// shard, account and authorization.
type AuthorizationID struct {
	Account AccountID
	N       uint32
}

// String is auth_ and 20 characters of Crockford's base 32.
func (id AuthorizationID) String() string {
	var b [5 + 20]byte
	return string(appendBase32(appendBase32(append(b[:0], "auth_"...), uint64(id.Account), 13), uint64(id.N), 7))
}

// CaptureID is the id of the n-th capture of an authorization, counted from 1: cap_ and 22 characters.
func (id AuthorizationID) CaptureID(n int) string { return id.part("cap_", n) }

// RefundID is the id of the n-th refund of an authorization, counted from 1: ref_ and 22 characters.
func (id AuthorizationID) RefundID(n int) string { return id.part("ref_", n) }

func (id AuthorizationID) part(prefix string, n int) string {
	var b [4 + 22]byte
	s := append(b[:0], prefix...)
	s = appendBase32(s, uint64(id.Account), 13)
	s = appendBase32(s, uint64(id.N), 7)
	return string(appendBase32(s, uint64(n), 2))
}

// ItemID is an account and the item's number on it: 1, 2, 3, ...
type ItemID struct {
	Account AccountID
	N       uint32
}

// String is item_ and 20 characters of Crockford's base 32.
func (id ItemID) String() string { return numbered("item_", id.Account, id.N) }

// PlanID is an account and the plan's number on it: 1, 2, 3, ...
type PlanID struct {
	Account AccountID
	N       uint32
}

// String is pln_ and 20 characters of Crockford's base 32.
func (id PlanID) String() string { return numbered("pln_", id.Account, id.N) }

// MandateID is an account and the mandate's number on it: 1, 2, 3, ...
type MandateID struct {
	Account AccountID
	N       uint32
}

// String is mdt_ and 20 characters of Crockford's base 32.
func (id MandateID) String() string { return numbered("mdt_", id.Account, id.N) }

// ParseMandateID reads what MandateID.String writes.
func ParseMandateID(s string) (MandateID, error) {
	a, n, ok := parseNumbered("mdt_", s)
	if !ok {
		return MandateID{}, fmt.Errorf("want a mandate id as mdt_ and 20 characters, have %q", clip(s))
	}
	return MandateID{a, n}, nil
}

func numbered(prefix string, a AccountID, n uint32) string {
	var b [5 + 20]byte
	return string(appendBase32(appendBase32(append(b[:0], prefix...), uint64(a), 13), uint64(n), 7))
}

// ParseItemID reads what ItemID.String writes.
func ParseItemID(s string) (ItemID, error) {
	a, n, ok := parseNumbered("item_", s)
	if !ok {
		return ItemID{}, fmt.Errorf("want an item id as item_ and 20 characters, have %q", clip(s))
	}
	return ItemID{a, n}, nil
}

// ParsePlanID reads what PlanID.String writes.
func ParsePlanID(s string) (PlanID, error) {
	a, n, ok := parseNumbered("pln_", s)
	if !ok {
		return PlanID{}, fmt.Errorf("want a plan id as pln_ and 20 characters, have %q", clip(s))
	}
	return PlanID{a, n}, nil
}

func parseNumbered(prefix, s string) (AccountID, uint32, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	if !ok || len(digits) != 20 {
		return 0, 0, false
	}
	a, goodA := parseBase32(digits[:13], 13)
	n, goodN := parseBase32(digits[13:], 7)
	return AccountID(a), uint32(n), goodA && goodN && n > 0 && n < 1<<32 && AccountID(a).Number() > 0
}

// ParseAccountID reads what AccountID.String writes.
func ParseAccountID(s string) (AccountID, error) {
	v, ok := parseInShard("acc_", s)
	if !ok {
		return 0, fmt.Errorf("want an account id as acc_ and 13 characters, have %q", clip(s))
	}
	return AccountID(v), nil
}

// ParseAuthorizationID reads what AuthorizationID.String writes.
func ParseAuthorizationID(s string) (AuthorizationID, error) {
	digits, ok := strings.CutPrefix(s, "auth_")
	if ok && len(digits) == 20 {
		a, goodA := parseBase32(digits[:13], 13)
		n, goodN := parseBase32(digits[13:], 7)
		if goodA && goodN && n > 0 && n < 1<<32 && AccountID(a).Number() > 0 {
			return AuthorizationID{AccountID(a), uint32(n)}, nil
		}
	}
	return AuthorizationID{}, fmt.Errorf("want an authorization id as auth_ and 20 characters, have %q", clip(s))
}

const base32 = "0123456789abcdefghjkmnpqrstvwxyz"

// base32Value is the inverse of base32; 0xff for what is no digit.
var base32Value = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i, c := range []byte(base32) {
		values[c] = byte(i)
	}
	return values
}()

func appendBase32(b []byte, v uint64, width int) []byte {
	for shift := (width - 1) * 5; shift >= 0; shift -= 5 {
		b = append(b, base32[v>>shift&31])
	}
	return b
}

func parseBase32(s string, width int) (v uint64, ok bool) {
	if len(s) != width || width == 13 && base32Value[s[0]] > 15 {
		return 0, false
	}
	for _, c := range []byte(s) {
		d := base32Value[c]
		if d == 0xff {
			return 0, false
		}
		v = v<<5 | uint64(d)
	}
	return v, true
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

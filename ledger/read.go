package ledger

import "fmt"

func accountNotFound(id AccountID) *Fault {
	return fault(NotFound, "ACCOUNT_NOT_FOUND", "there is no account %s", id).named(id.String())
}

// read answers a command that only reads. It makes no entry.
func (l *Ledger) read(c Command) Outcome {
	out := Outcome{Today: l.today}
	switch c := c.(type) {
	case *GetAccount:
		return l.getAccount(c, out)
	case *ListAccounts:
		return l.listAccounts(c, out)
	case *GetAuthorization:
		a := l.book.Account(c.Authorization.Account)
		if a == nil || c.Authorization.N == 0 || c.Authorization.N > a.LastN {
			return refused(authorizationNotFound(c.Authorization))
		}
		out.ID, out.Currency, out.Authorization = c.Authorization, a.Currency, l.viewHold(a, c.Authorization.N)
		return out
	case *LookupOrder:
		return l.lookupOrder(c, out)
	case *ListAuthorizations:
		return l.listAuthorizations(c, out)
	case *GetPolicies:
		return l.getPolicies()
	case *GetShard:
		out.Shard = l.book.Shard().Clone()
		return out
	}
	panic(fmt.Sprintf("ledger: unknown command %T", c))
}

func (l *Ledger) getAccount(c *GetAccount, out Outcome) Outcome {
	id := c.Account
	if id == 0 {
		if id = l.book.Consumer(c.Consumer); id == 0 {
			return refused(fault(NotFound, "ACCOUNT_NOT_FOUND", "the consumer has no account").on("consumer_token"))
		}
	}
	a := l.view(id)
	if a == nil {
		return refused(accountNotFound(id))
	}
	out.Account = a.Clone()
	return out
}

func (l *Ledger) listAccounts(c *ListAccounts, out Outcome) Outcome {
	s := l.book.Shard()
	n := c.After
	for ; n < s.Accounts && len(out.Accounts) < c.Limit; n++ {
		if a := l.view(NewAccountID(s.Number, n+1)); a != nil {
			out.Accounts = append(out.Accounts, a.Clone())
		}
	}
	out.More = n < s.Accounts
	return out
}

func (l *Ledger) lookupOrder(c *LookupOrder, out Outcome) Outcome {
	o, known := l.book.Order(c.Caller, c.Order)
	if !known || o.N == 0 && !o.Reversed {
		out = refused(fault(NotFound, "ORDER_NOT_FOUND", "there is no order %q", c.Order).named(string(c.Order)))
		if known {
			out.ID.Account = o.Account // claimed here for an account of another shard: ask there
		}
		return out
	}
	out.Tombstone = o.N == 0
	if o.N != 0 {
		a := l.book.Account(o.Account)
		if a == nil {
			return Outcome{} // it could not be read
		}
		out.ID, out.Currency, out.Authorization = AuthorizationID{o.Account, o.N}, a.Currency, l.viewHold(a, o.N)
	}
	return out
}

func (l *Ledger) listAuthorizations(c *ListAuthorizations, out Outcome) Outcome {
	a := l.book.Account(c.Account)
	if a == nil {
		return refused(accountNotFound(c.Account))
	}
	n := a.LastN
	if c.Before != 0 {
		n = min(n, c.Before-1)
	}
	out.ID.Account, out.Currency = a.ID, a.Currency
	for looked := 0; n > 0 && len(out.Authorizations) < c.Limit && looked < mostLooked; n-- {
		if h := l.viewHold(a, n); c.Mandate == 0 || h.Mandate == c.Mandate {
			out.Authorizations = append(out.Authorizations, h)
		}
		out.ID.N = n
		looked++
	}
	out.More = n > 0
	return out
}

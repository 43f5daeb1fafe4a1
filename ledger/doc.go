// Package ledger is the domain of Holdfast: what an authorization means, and nothing of how it is kept.
//
// It is pure. It does no I/O, starts no goroutine, reads no clock, rolls no dice, uses no floating point and never
// lets the order of a map show. Time arrives with the command.
//
// The nouns, and how they flow:
//
//		Command -> Ledger.Apply -> Entries (the facts) and an Outcome (what the caller is told)
//		Entry   -> Ledger.Fold  -> the rows of the Book, the same whether live or replayed
//
//	  - An Account is the aggregate: one consumer's limits, lines and open holds, all that is needed to decide.
//	  - A Line is a scene's share of the account's limit.
//	  - An Authorization is a decision on an order and what became of it. While it holds anything it is part of its
//	    account; when it ends it becomes a row of history that no decision has to load.
//	  - A Billing is what an account owes beside its holds: the window that is open, the debts of those that have closed, its
//	    plans and its credit balance. It is part of the account. A desk works on a copy of it and makes a Booking.
//	  - A Booking is what was done to a Billing: the amounts that moved, and the Billing as it is afterwards.
//	  - A Statement is a window that has closed, an Item a line of an account's history that is not an order: rows that no
//	    decision has to load, but one that undoes them.
//	  - A Batch is what a carrier has to collect of a month on its own bill, a BatchLine one collection in it.
//	  - An Applicant is what is known of a consumer beside the account: consents, and where applications and reviews are. An
//	    Application is what a risk policy said of a consumer, and what became of it; a Review asks that a person look at a decision.
//	  - A BundleOffer is a version of what a carrier sells by installments; Bundled is the contract that an authorization of one
//	    finances, a Contract what its plan has cost while the device may still be returned.
//	  - A Wallet is an account's points, in Lots that expire together; a Redemption is what of them pays an order. A purse works
//	    on copies of both and makes a PointsBooking.
//	  - An Entry is one Fact of the journal, with every number needed to fold it again.
//	  - A Shard is what a shard knows beside its accounts: suspensions, the terms that were put, and totals.
//	  - A Receipt remembers the outcome of a request, so that the same request gets the same answer.
//	  - A Book is where the rows are: the writer's state, or a map in a test.
//
// Three kinds of trouble: a decline is an Outcome, a Fault is a request that cannot be carried out, and a bug panics.
//
// Who owns what: whoever calls Apply owns the Book for that long; it must not be called from two goroutines. Strings
// in an Outcome may share memory with the command or with rows, which nobody changes in place.
package ledger

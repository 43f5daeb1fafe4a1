// Package feature is what the decision rules of a risk policy may ask about an order: a closed list of features, each with a
// name, a kind and a unit, and the set of their values for one order.
//
// The ledger fills a set from the account as it is before the order is decided, in the same step that decides it, so the
// values are exact. A set is hashed, and the hash is in the entry: whoever has the journal can make the set again and see
// that these were the inputs.
package feature

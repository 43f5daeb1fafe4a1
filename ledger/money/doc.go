// Package money has amounts and currencies.
//
//   - An Amount is int64 minor units and knows no currency: everything in one account is in the account's currency, and
//     postings keep currencies apart. Arithmetic that could leave the range is checked.
//   - An Exact is an amount to the millionth of a minor unit: what accrues by the day. It is rounded once, when it is charged,
//     half to even.
package money

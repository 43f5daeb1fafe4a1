// Package figures reckons what the risk policy's rules about the portfolio may ask: rates, shares and the stability of those who
// apply, of one currency, as of a portfolio. They are for warning and not for booking, so they are floating point.
package figures

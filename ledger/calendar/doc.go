// Package calendar has instants, civil dates and billing windows.
//
// A Date is a day on a calendar on the wall, without a clock or a zone. A Zone tells which date it is at an
// instant. A Cycle says which Window of days a capture is billed with, and when that is due. Everything in Holdfast
// that says "day" or "month" goes through here, so a daylight-saving change or a leap day can surprise nobody.
package calendar

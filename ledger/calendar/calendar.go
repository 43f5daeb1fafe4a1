package calendar

import (
	"fmt"
	"time"
	_ "time/tzdata" // so that zones do not depend on the machine
)

// Instant is nanoseconds since the Unix epoch, UTC.
type Instant int64

// InstantOf is the instant of t.
func InstantOf(t time.Time) Instant { return Instant(t.UnixNano()) }

// Time is the instant as a time.Time in UTC.
func (i Instant) Time() time.Time { return time.Unix(0, int64(i)).UTC() }

// Add is the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Date is a civil date as days since 1970-01-01. The zero Date is that day; a date that is not there is None.
type Date int32

// None is no date.
const None Date = -1 << 31

// DateOf is the date of a year, month and day, which must exist.
func DateOf(year int, month time.Month, day int) (Date, error) {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if y, m, d := t.Date(); y != year || m != month || d != day {
		return None, fmt.Errorf("there is no %04d-%02d-%02d", year, month, day)
	}
	if year < 1970 || year > 9999 {
		return None, fmt.Errorf("year %d is not within 1970 and 9999", year)
	}
	return Date(t.Unix() / 86400), nil
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return None, fmt.Errorf("want a date as YYYY-MM-DD, have %q", s)
	}
	return DateOf(t.Date())
}

func (d Date) String() string {
	if d == None {
		return ""
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// AddDays is the date n days later.
func (d Date) AddDays(n int) Date { return d + Date(n) }

// DayOfMonth is the day of the date in its month, 1 to 31.
func (d Date) DayOfMonth() int {
	_, _, day := d.civil()
	return day
}

// Month is the month of the date.
func (d Date) Month() Month {
	y, m, _ := time.Unix(int64(d)*86400, 0).UTC().Date()
	return Month(y*12 + int(m) - 1)
}

// LastMonthEnd is the last day of the month before the date's.
func (d Date) LastMonthEnd() Date {
	year, month, _ := d.civil()
	return dayOf(year, month, 1) - 1
}

// Month is a civil month as months since year 0.
type Month int32

// First is the first day of the month.
func (m Month) First() Date { return dayOf(int(m)/12, time.Month(int(m)%12+1), 1) }

func (m Month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

// Zone is where business days begin and end.
type Zone struct{ location *time.Location }

// LoadZone finds a zone by its IANA name, such as Asia/Shanghai.
func LoadZone(name string) (Zone, error) {
	location, err := time.LoadLocation(name)
	if err != nil {
		return Zone{}, fmt.Errorf("business zone: %w", err)
	}
	return Zone{location}, nil
}

// UTC is the zone of the zero meridian, the zero Zone's.
var UTC = Zone{time.UTC}

func (z Zone) String() string {
	if z.location == nil {
		return "UTC"
	}
	return z.location.String()
}

// DateAt is the civil date in the zone at the instant.
func (z Zone) DateAt(i Instant) Date {
	seconds := int64(i) / 1e9
	if int64(i)%1e9 < 0 {
		seconds--
	}
	offset := 0
	if z.location != nil {
		_, offset = time.Unix(seconds, 0).In(z.location).Zone()
	}
	seconds += int64(offset)
	day := seconds / 86400
	if seconds%86400 < 0 {
		day--
	}
	return Date(day)
}

// Start is the first instant of the date in the zone. Where a change of clocks skips midnight, it is the first
// instant after the gap.
func (z Zone) Start(d Date) Instant {
	location := z.location
	if location == nil {
		location = time.UTC
	}
	y, m, day := time.Unix(int64(d)*86400, 0).UTC().Date()
	t := time.Date(y, m, day, 0, 0, 0, 0, location)
	for z.DateAt(InstantOf(t)) < d {
		t = t.Add(time.Hour)
	}
	return InstantOf(t)
}

// At is the instant at which clocks in the zone show so many minutes after midnight of the date. Where they never do, it
// is as much later as they skip; where they do twice, it is the first time.
func (z Zone) At(d Date, minute int) Instant {
	location := z.location
	if location == nil {
		location = time.UTC
	}
	y, m, day := d.civil()
	return InstantOf(time.Date(y, m, day, minute/60, minute%60, 0, 0, location))
}

// Minute is how many minutes after midnight clocks in the zone show at the instant.
func (z Zone) Minute(i Instant) int {
	location := z.location
	if location == nil {
		location = time.UTC
	}
	t := i.Time().In(location)
	return t.Hour()*60 + t.Minute()
}

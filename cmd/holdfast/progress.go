package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress tells on standard error how far a long piece of work is. On a terminal it rewrites one line a few times a
// second; elsewhere it writes a line every ten seconds. It says nothing in the first two seconds.
//
// It belongs to one goroutine.
type progress struct {
	what     string
	out      io.Writer
	terminal bool
	began    time.Time
	next     time.Time // when to tell again
	width    int       // of the line that is on the terminal
}

func newProgress(what string) *progress {
	now := time.Now()
	return &progress{
		what: what, out: os.Stderr, terminal: isTerminal(os.Stderr), began: now, next: now.Add(2 * time.Second),
	}
}

// update tells that done of total is done, if it is time to tell.
func (p *progress) update(done, total int64) {
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	spent := now.Sub(p.began)
	line := fmt.Sprintf("%s: %s of %s", p.what, thousands(done), thousands(total))
	if done > 0 && done < total {
		left := time.Duration(float64(spent) / float64(done) * float64(total-done))
		line += fmt.Sprintf(" (%s/s, %v left)", thousands(int64(float64(done)/spent.Seconds())), left.Round(time.Second))
	}
	p.tell(now, line)
}

// say tells something else than a count, if it is time to tell.
func (p *progress) say(line string) {
	if now := time.Now(); !now.Before(p.next) {
		p.tell(now, p.what+": "+line)
	}
}

func (p *progress) tell(now time.Time, line string) {
	if !p.terminal {
		p.next = now.Add(10 * time.Second)
		_, _ = fmt.Fprintln(p.out, line)
		return
	}
	p.next = now.Add(200 * time.Millisecond)
	_, _ = fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// end takes the line off the terminal and answers with the time spent.
func (p *progress) end() time.Duration {
	if p.width > 0 {
		_, _ = fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
	}
	return time.Since(p.began)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-credit/holdfast/client/outbox"
)

// OutboxCmd looks after the dead letters of a carrier's gateway.
type OutboxCmd struct {
	List  OutboxListCmd  `cmd:"" help:"List the dead letters."`
	Show  OutboxShowCmd  `cmd:"" help:"Print a dead letter, with what it asks for and why it was refused."`
	Retry OutboxRetryCmd `cmd:"" help:"Put dead letters back, to be sent again."`
	Drop  OutboxDropCmd  `cmd:"" help:"Forget a dead letter that was settled otherwise."`
}

// Help teaches.
func (OutboxCmd) Help() string {
	return `A dead letter is what a gateway had to tell the core and the core refused for good; what else there is to tell of that order waits
behind it. The gateway must not be running: these commands have its file to themselves.

  holdfast outbox list --file outbox
  holdfast outbox show --file outbox 17
  holdfast outbox retry --file outbox 17             once the cause is gone
  holdfast outbox drop --file outbox 17 --order o-8 --because "settled by hand, ticket 4711"`
}

// OutboxFlags say whose outbox.
type OutboxFlags struct {
	File string `help:"The gateway's outbox." required:"" type:"path" placeholder:"FILE"`
}

// with opens the file.
func (c *OutboxFlags) with(do func(*outbox.File) error) error {
	f, err := outbox.OpenFile(c.File)
	switch {
	case errors.Is(err, outbox.ErrLocked):
		return fmt.Errorf("%s: a gateway has it open; stop the gateway first, or use what it offers itself", c.File)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file", c.File)
	case err != nil:
		return err
	}
	return errors.Join(do(f), f.Close())
}

// find is a dead letter.
func find(f *outbox.File, sequence uint64) (outbox.Letter, error) {
	letters, err := f.Dead()
	if err != nil {
		return outbox.Letter{}, err
	}
	at := slices.IndexFunc(letters, func(l outbox.Letter) bool { return l.Sequence == sequence })
	if at < 0 {
		return outbox.Letter{}, fmt.Errorf("%d is no dead letter; holdfast outbox list tells which there are", sequence)
	}
	return letters[at], nil
}

// OutboxListCmd lists dead letters.
type OutboxListCmd struct{ OutboxFlags }

// Run lists.
func (c *OutboxListCmd) Run(context.Context) error {
	return c.with(func(f *outbox.File) error {
		letters, err := f.Dead()
		if err != nil {
			return err
		}
		pending, behind, err := f.Pending()
		if err != nil {
			return err
		}
		if len(letters) > 0 {
			t := &table{align: "rlllll"}
			t.row("letter", "order", "asks to", "put", "refused", "because")
			for _, l := range letters {
				t.row(strconv.FormatUint(l.Sequence, 10), l.OrderID, l.Kind(), outboxTime(l.PutTime), outboxTime(l.RefusedTime), l.Code+" "+l.Reason)
			}
			fmt.Print(t, "\n")
		}
		fmt.Printf("%s; %s to be sent when the gateway runs, %d of them behind a dead letter\n",
			counted(int64(len(letters)), "dead letter"), counted(int64(pending), "message"), behind)
		return nil
	})
}

func outboxTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// OutboxShowCmd prints a dead letter.
type OutboxShowCmd struct {
	Letter uint64 `arg:"" help:"Which, as list names it."`
	OutboxFlags
}

// Run prints.
func (c *OutboxShowCmd) Run(context.Context) error {
	return c.with(func(f *outbox.File) error {
		l, err := find(f, c.Letter)
		if err != nil {
			return err
		}
		fmt.Printf("# letter %d of order %s, put %s\n# refused %s: %s %s\n# %s\n",
			l.Sequence, l.OrderID, outboxTime(l.PutTime), outboxTime(l.RefusedTime), l.Code, l.Reason, l.Text)
		return printProto(os.Stdout, l.Call)
	})
}

// OutboxRetryCmd puts dead letters back.
type OutboxRetryCmd struct {
	Letters []uint64 `arg:"" optional:"" name:"letter" help:"Which, as list names them."`
	All     bool     `help:"All that there are."`
	OutboxFlags
}

// Validate wants one or the other.
func (c *OutboxRetryCmd) Validate() error {
	if c.All == (len(c.Letters) > 0) {
		return errors.New("name letters, or --all")
	}
	return nil
}

// Run puts them back.
func (c *OutboxRetryCmd) Run(context.Context) error {
	return c.with(func(f *outbox.File) error {
		if c.All {
			letters, err := f.Dead()
			if err != nil {
				return err
			}
			for _, l := range letters {
				c.Letters = append(c.Letters, l.Sequence)
			}
		}
		for _, sequence := range c.Letters {
			if _, err := find(f, sequence); err != nil {
				return err
			}
			m, err := f.Retry(sequence)
			if err != nil {
				return err
			}
			fmt.Printf("letter %d, %s of order %s, is sent again when the gateway runs\n", m.Sequence, m.Kind(), m.OrderID)
		}
		return nil
	})
}

// OutboxDropCmd forgets a dead letter.
type OutboxDropCmd struct {
	Letter  uint64 `arg:"" help:"Which, as list names it."`
	Order   string `help:"The order that it is about, so that it is no other letter." required:"" placeholder:"ID"`
	Because string `help:"How the matter was settled, for the record." required:"" placeholder:"TEXT"`
	OutboxFlags
}

// Help teaches.
func (OutboxDropCmd) Help() string {
	return `Forgets a dead letter, and what waits behind it goes on. A dropped Advise is a sale that the core never hears of: drop it only when
that was settled otherwise. The letter is kept in FILE.dropped, a line of JSON for each, with the reason.`
}

// Run drops it.
func (c *OutboxDropCmd) Run(context.Context) error {
	return c.with(func(f *outbox.File) error {
		l, err := find(f, c.Letter)
		switch {
		case err != nil:
			return err
		case l.OrderID != c.Order:
			return fmt.Errorf("letter %d is about order %s, and not %s; nothing was dropped", c.Letter, l.OrderID, c.Order)
		}
		m, err := f.Drop(c.Letter, c.Because, time.Now())
		if err != nil {
			return err
		}
		fmt.Printf("letter %d, %s of order %s, is dropped; it is kept in %s.dropped\n", m.Sequence, m.Kind(), m.OrderID, c.File)
		return nil
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/client"
)

// ReplayCmd drives a CSV file of orders through a server.
type ReplayCmd struct {
	Orders    string        `type:"existingfile" placeholder:"FILE" help:"CSV file of orders, with a header."`
	Map       string        `required:"" placeholder:"FILE" help:"YAML file that says what its columns mean, or the name of a shipped one: xente_orders, xente_purchases."`
	Data      string        `placeholder:"DIR" help:"Directory for the book; it must be new. Without it ./replay-data, or the first of ./replay-data-2, -3, ... that is free."`
	Target    string        `placeholder:"HOST:PORT" help:"Drive a running server, whose clock must be virtual, instead of starting one."`
	Step      time.Duration `default:"1h" placeholder:"D" help:"Cut times to a multiple of this. Each move of the clock costs a few writes to the disk; 1s is exact and slow (${default})."`
	Policy    string        `placeholder:"FILE" help:"Risk policy of the server that is started: default (which is the default), none, or a document."`
	Lenient   bool          `help:"Skip bad rows and count them, instead of refusing the file."`
	SecretKey string        `type:"existingfile" placeholder:"FILE" help:"File with the secret, at least 16 bytes, of the tokens that stand for consumers and phones. Without it a public one is used: enough for trials."`
	PrintMap  bool          `help:"Print the map and end; a beginning for one of your own."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches the command.
func (*ReplayCmd) Help() string {
	return `It reads the orders, starts a server whose virtual clock stands at the first one's time, and plays them over gRPC in
order of their times: it opens an account when a consumer first appears, authorizes, and later captures, voids or lets
the hold expire, as the map says for the row. As the clock moves, billing windows close and due dates pass; consumers pay
on the days that the file has, or when it is due, or never. Nobody collects: accounts have the channel MANUAL. Then it
prints a funnel, the exposure by week, what was billed, repaid and is owed by days past due, that against what the file
says of the same orders, and the latency of the calls, and has the server check its whole book.

The map names the columns, and says in which currency, zone and formats amounts and times are, which line pays for
which category, what limits accounts get, which rows tell what outcome, when consumers pay, and by which terms.

Examples:

  holdfast replay --orders orders.csv --map xente_purchases
  holdfast replay --map xente_orders --print-map > my-map.yaml
  holdfast replay --orders orders.csv --map my-map.yaml --lenient --data trial
  holdfast verify --data trial                check the book from its files
  holdfast serve --data trial --virtual-clock 2019-07-01T00:00:00Z

  holdfast serve --virtual-clock 2018-09-01T00:00:00Z &
  holdfast replay --orders orders.csv --map xente_orders \
    --target 127.0.0.1:7600

Bad rows are told by line and column. It exits with 1 if a row is bad, a call is refused, or the check finds a fault.`
}

// Validate refuses flags that contradict each other.
func (c *ReplayCmd) Validate() error {
	switch {
	case c.Orders == "" && !c.PrintMap:
		return errors.New("--orders is required")
	case c.Target != "" && c.Data != "":
		return errors.New("--data is for a server that replay starts, not for --target")
	case c.Target != "" && c.Policy != "":
		return errors.New("--policy is for a server that replay starts, not for --target")
	case c.Step < time.Millisecond:
		return errors.New("--step must be at least 1ms")
	}
	return c.check(c.Target)
}

// Run replays.
func (c *ReplayCmd) Run(ctx context.Context) (err error) {
	if c.PrintMap {
		text, err := readOrderMap(c.Map)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	m, err := loadOrderMap(c.Map)
	if err != nil {
		return err
	}
	key, err := c.tokenKey()
	if err != nil {
		return err
	}
	reader := &orderReader{orderMap: m, key: key}
	file, err := reader.read(c.Orders, c.Lenient)
	if err != nil {
		return err
	}
	report := &replayReport{out: os.Stdout, m: m, file: file}
	report.read()

	target, server, dir, err := c.server(ctx, m, file.orders[0].at)
	if err != nil {
		return err
	}
	if server != nil {
		defer func() {
			err = errors.Join(err, server.stop())
			fmt.Printf("\nThe book is in %s. To check its files: holdfast verify --data %s\n", dir, dir)
		}()
	}
	sdk, err := c.dial(target, client.WithTimeout(10*time.Second), client.WithCaller("replay"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sdk.Close()) }()

	began := time.Now()
	d := &driver{orderMap: m, client: sdk, step: c.Step}
	if report.played, err = d.play(ctx, file.orders); err != nil {
		return c.explain(err)
	}
	report.result(time.Since(began))
	if err := checkBook(ctx, sdk, os.Stdout); err != nil {
		return err
	}
	if report.refused > 0 {
		return fmt.Errorf("%d calls were refused", report.refused)
	}
	return nil
}

// trialSecret is public: the tokens it makes hide nothing.
const trialSecret = "holdfast replay, a public secret"

func (c *ReplayCmd) tokenKey() (client.TokenKey, error) {
	secret := []byte(trialSecret)
	if c.SecretKey != "" {
		var err error
		if secret, err = os.ReadFile(c.SecretKey); err != nil {
			return client.TokenKey{}, err
		}
	}
	return client.NewTokenKey(secret)
}

// server starts a server on a new book whose clock stands at the first order, unless there is a target.
func (c *ReplayCmd) server(ctx context.Context, m *orderMap, first time.Time) (
	target string, p *process, dir string, err error,
) {
	if c.Target != "" {
		return c.Target, nil, "", nil
	}
	if dir, err = newBookDir(c.Data, "replay-data"); err != nil {
		return "", nil, "", err
	}
	args := []string{
		"serve", "--data", dir, "--listen", "127.0.0.1:0", "--ops", "", "--zone", m.Time.Zone, "--virtual-clock", first.UTC().Format(time.RFC3339),
	}
	if c.Policy != "" {
		args = append(args, "--policy", c.Policy)
	}
	p, err = start(ctx, args...)
	if err != nil {
		return "", nil, "", err
	}
	return p.Listen, p, dir, nil
}

// checkBook has the server check its whole book and prints the verdict; faults are an error.
func checkBook(ctx context.Context, sdk *client.Client, out io.Writer) error {
	verdict, err := auditBook(ctx, sdk)
	if err != nil {
		return err
	}
	if faults := verdict.GetFaults(); len(faults) > 0 {
		return fmt.Errorf("the check of the book found %d faults:\n  %s", len(faults), strings.Join(faults, "\n  "))
	}
	_, _ = fmt.Fprintf(out, "\nThe server checked its book: %s entries, %s rows, no faults.\n",
		thousands(int64(verdict.GetEntries())), thousands(verdict.GetRows()))
	return nil
}

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// PointsCmd is about the points of consumers.
type PointsCmd struct {
	Grant PointsGrantCmd `cmd:"" help:"Give points to a consumer, on behalf of a partner."`
	Show  PointsShowCmd  `cmd:"" help:"Print the points of an account, by when they expire, and what became of them."`
}

// Help teaches.
func (PointsCmd) Help() string {
	return `Consumers pay a part of their orders with points: what points pay is not lent. They are in lots with a last day each, and the lot
that expires first is spent first. The terms say what points are worth and what they are earned on.

  holdfast points grant acc_0000000000001 500 --reference campaign-7
  holdfast points show acc_0000000000001`
}

// PointsGrantCmd gives points.
type PointsGrantCmd struct {
	Account   string `arg:"" help:"The account, acc_..."`
	Points    int64  `arg:"" help:"How many."`
	LastDay   string `help:"Last day on which they can be spent; as the terms say if left out." placeholder:"YYYY-MM-DD"`
	Reference string `help:"The partner's own." placeholder:"TEXT"`
	Reason    string `help:"Why, for people." placeholder:"TEXT"`
	Target    string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Request   string `help:"Identity of this request, to send it again; made up if left out." placeholder:"ID"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (PointsGrantCmd) Help() string {
	return `Gives points to a consumer. They make up first for what is owed in points, if any is. Only operators and admins of a server's
callers file may grant points: they are as good as money.

  holdfast points grant acc_0000000000001 500
  holdfast points grant acc_0000000000001 500 --last-day 2027-12-31 --reference campaign-7 --request campaign-7-1`
}

// Validate refuses flags that contradict each other.
func (c *PointsGrantCmd) Validate() error { return c.check(c.Target) }

// Run grants.
func (c *PointsGrantCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.GrantPoints(ctx, &holdfastv1.GrantPointsRequest{
		RequestId: c.Request, AccountId: c.Account, Points: c.Points, LastDay: c.LastDay, Reference: c.Reference, Reason: c.Reason,
	})
	if err != nil {
		return c.explain(err)
	}
	again := ""
	if resp.GetReplayed() {
		again = ", by this request before"
	}
	fmt.Printf("%s: %d points granted, to be spent by %s%s; the balance is %d\n",
		c.Account, resp.GetChange().GetFlows().GetGranted(), resp.GetChange().GetLastDay(), again, resp.GetChange().GetBalance())
	return nil
}

// PointsShowCmd prints points.
type PointsShowCmd struct {
	Account string `arg:"" help:"The account, acc_..."`
	Items   int32  `help:"How many of the newest changes to print (${default})." default:"20" placeholder:"N"`
	JSON    bool   `name:"json" help:"Print JSON, as the API tells it."`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (PointsShowCmd) Help() string {
	return `Prints what can be spent and by when, what is held for open orders, and the newest changes.

  holdfast points show acc_0000000000001
  holdfast points show acc_0000000000001 --json | jq .points.lots`
}

// Validate refuses flags that contradict each other.
func (c *PointsShowCmd) Validate() error { return c.check(c.Target) }

// Run prints.
func (c *PointsShowCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.GetPoints(ctx, &holdfastv1.GetPointsRequest{AccountId: c.Account})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	p, t := resp.GetPoints(), &table{}
	t.row("balance", fmt.Sprint(p.GetBalance()))
	for _, lot := range p.GetLots() {
		t.row("  to be spent by "+lot.GetLastDay(), fmt.Sprint(lot.GetPoints()))
	}
	t.row("held for orders", fmt.Sprint(p.GetHeld()))
	fmt.Print(t)
	if c.Items == 0 {
		return nil
	}
	items, err := sdk.ListPointsItems(ctx, &holdfastv1.ListPointsItemsRequest{AccountId: c.Account, PageSize: c.Items})
	if err != nil {
		return c.explain(err)
	}
	history := &table{align: "lll"}
	for _, i := range items.GetItems() {
		history.row(i.GetDay(), pointsNote(i.GetPoints()), i.GetReference(), fmt.Sprint(i.GetPoints().GetBalance()))
	}
	if len(history.rows) > 0 {
		fmt.Printf("\n%s", history)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// SettlementExportCmd writes the lines of a settlement.
type SettlementExportCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	Number  int32  `arg:"" help:"Number of the settlement."`
	Output  string `short:"o" type:"path" help:"The file, which is there only when it is whole; the standard output if left out." placeholder:"FILE"`

	Currency string `help:"Of the settlement (${default})." default:"CNY" placeholder:"CODE"`
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (SettlementExportCmd) Help() string {
	return `Writes every line of a settlement as CSV, amounts in minor units. The last record is TOTAL, with the number of lines, and the sums of
amounts, fees and what is paid: a file without it is not whole. docs/CARRIERS.md has the columns.

  holdfast settlement export cmcc 12 > cmcc-12.csv
  holdfast settlement export cmcc 12 -o cmcc-12.csv`
}

// Validate refuses flags that contradict each other.
func (c *SettlementExportCmd) Validate() error { return c.check(c.Target) }

// Run exports.
func (c *SettlementExportCmd) Run(ctx context.Context) (err error) {
	sdk, err := c.dial(c.Target)
	if err != nil {
		return err
	}
	defer sdk.Close()
	if c.Output == "" {
		return c.write(ctx, sdk, os.Stdout)
	}
	file, err := os.CreateTemp(filepath.Dir(c.Output), filepath.Base(c.Output)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // it has another name when all went well
	if err := errors.Join(c.write(ctx, sdk, file), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), c.Output); err != nil {
		return err
	}
	fmt.Printf("settlement %s/%s/%d is in %s\n", c.Carrier, c.Currency, c.Number, c.Output)
	return nil
}

func (c *SettlementExportCmd) write(ctx context.Context, sdk *client.Client, to io.Writer) error {
	req := &holdfastv1.ExportSettlementRequest{CarrierId: c.Carrier, Currency: c.Currency, Number: c.Number, Csv: true}
	for piece, err := range sdk.ExportSettlement(ctx, req) {
		if err != nil {
			return c.explain(err)
		}
		if _, err := to.Write(piece.GetCsv()); err != nil {
			return err
		}
	}
	return nil
}

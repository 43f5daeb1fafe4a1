package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// CLI is the command line. Every command is a struct with a Run method; its flags are the struct's fields, and its
// Help method teaches its use with examples.
type CLI struct {
	Serve      ServeCmd      `cmd:"" help:"Run the server."`
	Demo       DemoCmd       `cmd:"" help:"Tell a consumer's or a carrier's story against a server in this process."`
	Verify     VerifyCmd     `cmd:"" help:"Check a data directory, a backup or a running server."`
	Backup     BackupCmd     `cmd:"" help:"Write a backup of the book."`
	Restore    RestoreCmd    `cmd:"" help:"Make a data directory of a backup."`
	Journal    JournalCmd    `cmd:"" help:"Print the entries of a journal as JSON."`
	Apr        AprCmd        `cmd:"" help:"Tell what installments cost a year, or check published cases."`
	Cluster    ClusterCmd    `cmd:"" help:"Tell how a cluster is doing, and move its shards."`
	Migrate    MigrateCmd    `cmd:"" help:"Make a cluster of a data directory."`
	Terms      TermsCmd      `cmd:"" help:"Print, check and compare terms: the parameters of the product."`
	Risk       RiskCmd       `cmd:"" help:"Write, check, compare and activate risk policies; make scorecards; tell how the book stands."`
	Carrier    CarrierCmd    `cmd:"" help:"Register carriers, and tell what was agreed with them."`
	Settlement SettlementCmd `cmd:"" help:"What carriers are owed and paid: list, export, close and confirm settlements."`
	Bundle     BundleCmd     `cmd:"" help:"Offers of bundles, and contracts that consumers pay by installments."`
	Points     PointsCmd     `cmd:"" help:"Grant points to consumers, and tell what they have."`
	Reconcile  ReconcileCmd  `cmd:"" help:"Compare a carrier's own records with what is here, and resolve what does not agree."`
	Statement  StatementCmd  `cmd:"" help:"Print a statement of an account."`
	Bench      BenchCmd      `cmd:"" help:"Measure the server beside an empty echo server."`
	Replay     ReplayCmd     `cmd:"" help:"Drive a CSV of orders through a server with a virtual clock."`
	Sample     SampleCmd     `cmd:"" help:"A carrier and its gateway, to look at and to begin from."`
	Outbox     OutboxCmd     `cmd:"" help:"Look after what a gateway had to tell the core and the core refused."`
	Torture    TortureCmd    `cmd:"" help:"Kill a loaded server again and again, or harm a cluster, and check that nothing is lost."`
	Version    VersionCmd    `cmd:"" help:"Print the version."`
	Echo       EchoCmd       `cmd:"" hidden:"" help:"Serve empty answers to empty questions, for bench."`
}

const description = `Holdfast decides on consumers' credit for top-ups, phone bills and contract bundles, keeps the
holds and postings that follow, and never tells anyone what a crash could take back.

Each command explains itself with examples: holdfast COMMAND --help`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// exitBreaks is the exit code of a reconciliation that has breaks.
const exitBreaks = 3

// ended is an end that is no failure of the program and yet is told by an exit code.
type ended struct {
	code int
	text string
}

func (e *ended) Error() string { return e.text }

// run is the program; it answers with the exit code: 0 when all went well, 1 when not, 2 when the command line is
// wrong, and what an end says of itself.
func run(ctx context.Context, args []string) int {
	var cli CLI
	parser := kong.Must(&cli,
		kong.Name("holdfast"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 96}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "holdfast: %v\n", err)
		fmt.Fprintf(os.Stderr, "Try: holdfast --help\n")
		return 2
	}
	if err := command.Run(); err != nil {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		fmt.Fprintf(os.Stderr, "holdfast: %s\n", strings.TrimPrefix(err.Error(), "holdfast: ")) // the SDK's errors begin so
		if e := (*ended)(nil); errors.As(err, &e) {
			return e.code
		}
		return 1
	}
	return 0
}

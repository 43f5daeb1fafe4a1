package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/server"
)

// MigrateCmd makes a cluster of a data directory.
type MigrateCmd struct {
	Data string `help:"Data directory of the stopped server." default:"data" type:"path"`
	Node string `help:"Id of the node that is to be started on it." required:"" placeholder:"ID"`

	EtcdFlags `group:"Cluster"`
}

// Help teaches.
func (MigrateCmd) Help() string {
	return `Makes a cluster of the book that a data directory has, with everything in it kept: each shard's journal in etcd begins after
the last entry that the directory has. Nothing is copied and nothing in the directory changes. Then a node that is started on it
goes on there, and other nodes, started on directories of their own, come up from it.

  holdfast migrate --data /srv/holdfast --etcd etcd-1:2379,etcd-2:2379,etcd-3:2379 --node a
  holdfast serve --data /srv/holdfast --journal etcd --etcd etcd-1:2379,etcd-2:2379,etcd-3:2379 --node a ...

Stop the server first, back up the directory, and start no other node before the first. If it is interrupted, run it again. It
refuses a cluster that has another book, and one that has gone on since: give --cluster another name. The way back is to stop
the cluster and to serve a node's directory without --journal etcd. See docs/CLUSTER.md.`
}

// Validate refuses a command line without etcd.
func (c *MigrateCmd) Validate() error {
	if len(c.Etcd) == 0 {
		return errors.New("--etcd, the members of etcd, is wanted")
	}
	return nil
}

// Run migrates.
func (c *MigrateCmd) Run(ctx context.Context) error {
	config, err := c.EtcdFlags.config()
	if err != nil {
		return err
	}
	config.Node = c.Node
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	err = server.Migrate(ctx, c.Data, *config, log, func(shard int, head journal.Head) {
		fmt.Printf("shard %d: goes on in etcd after entry %d, journal hash %s\n", shard, head.Next-1, head.Hash)
	})
	if errors.Is(err, server.ErrClusterElsewhere) {
		return fmt.Errorf("%w\nif it has gone on since an earlier migrate, serve is what to do now; else give --cluster another name", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s: cluster %s begins here; go on with: holdfast serve --data %s --journal etcd --etcd %s --cluster %s --node %s\n",
		c.Data, c.Cluster, c.Data, strings.Join(c.Etcd, ","), c.Cluster, c.Node)
	return nil
}

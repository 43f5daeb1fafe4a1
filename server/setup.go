package server

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// setup is what the server was started with, for the other nodes of a cluster to compare.
func (c *Config) setup() cluster.Setup {
	s := cluster.Setup{Terms: named(c.Terms.Version, terms.Format(c.Terms)), Policy: "none"}
	if c.Policy != nil {
		s.Policy = named(c.Policy.Version(), policy.Format(c.Policy.Document()))
	}
	return s
}

// named is a document's version with enough of its digest to tell two of the same version apart.
func named(version string, document []byte) string {
	sum := sha256.Sum256(document)
	return fmt.Sprintf("%s (sha256 %x)", version, sum[:6])
}

// setupsLook is how often a node compares what the nodes were started with.
const setupsLook = time.Second

// compareSetups says so in the log when the nodes begin to differ in what they were started with, and when they are alike again.
func (n *node) compareSetups(ctx context.Context) {
	tick := time.NewTicker(setupsLook)
	defer tick.Stop()
	for said := []string(nil); ; {
		differ := n.view().Differences()
		switch {
		case slices.Equal(differ, said):
		case len(differ) == 0:
			n.logger.Info("the nodes were started with the same terms and risk policy")
		default:
			for _, d := range differ {
				n.logger.Error(d+"; orders may be decided otherwise after a shard has moved: start all nodes with the same --policy and version, or put and activate a policy",
					"node", n.config.Node)
			}
		}
		said = differ
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Package server is the gRPC face of Holdfast.
//
// One thin file per service: it validates and translates a request into a ledger.Command (check.go, translate.go), has
// the right shard's writer carry it out (route.go), and translates the outcome, or the fault (status.go), back. No
// service decides anything. What every call passes through on its way in (recovery, metrics, access log, caller,
// deadline) is built in grpc.go; how the outside watches the server is in metrics.go, health.go and ops.go.
//
// A data directory holds holdfast.json, which says how many shards there are and in which zone the days begin, and a
// folder for each shard with its journal and its state file.
package server

// Package client is the Go SDK of Holdfast.
//
// # Nouns
//
//   - [Client]: connections to one Holdfast deployment, made by [Dial]. Safe for concurrent use; make one and keep it.
//     Its methods are the calls of AuthorizationService, AccountService, BillingService, TermsService and ClusterService,
//     with the messages of package holdfastv1.
//   - Node, shard, owner: the servers of a cluster share the accounts by shards, and one node at a time decides for a
//     shard. [Topology] says which.
//   - Request id: the identity of one write. The server decides once per id and answers every repetition with the
//     first outcome, marked replayed. The SDK makes the id when the message has none, writes it into the message, and
//     keeps it across its own retries; so the same message sent again is the same request.
//   - Attempt: one sending of a request. A call is one or more attempts under one deadline; see [RetryPolicy].
//   - Stream: with [WithStreams], the calls that AuthorizeStream can carry share a few long streams instead of opening
//     an HTTP/2 stream each. The methods are the same, and so are the answers; it is several times as fast.
//   - [Error]: what every failed call returns. It is a gRPC status, and knows whether the outcome is unknown.
//   - [TokenKey]: makes the opaque phone and consumer tokens that stand in for personal data.
//
// A decline is not an error: it is an answer with Decision DECLINED and its reasons.
//
// # What is retried
//
// Only UNAVAILABLE and RESOURCE_EXHAUSTED, which Holdfast answers for full queues and never for a credit limit. Between
// attempts the SDK waits with exponential backoff and full jitter, at least as long as the server asks (RetryInfo), or
// exactly as long as it pushes back (the trailer grpc-retry-pushback-ms; negative means never). A budget shared by all
// calls of a Client stops retries when most calls fail, so that retries cannot keep a struggling server down. No wait
// goes beyond the deadline of the call.
//
// Each call has a deadline: that of its context, or else the one of [WithTimeout], 2 s unless told otherwise. It covers
// all attempts.
//
// # Clusters
//
// Any node answers any call, at the price of a hop where another one decides. So a client that is told one node works; it
// asks that one for the topology, connects to the others and sends each call to the owner of what its id names (see
// [ShardOf]), each of the pooled streams included. What names no account goes to all nodes in turn. [WithSeeds] is for
// when the one is down. A server that is no cluster's node is asked once, and then all is as if there were no clusters.
//
// What the client knows may be out of date at any moment, and nothing but time is lost by it. It asks again when an answer
// came from another node than it thought, when a call comes to a node that cannot decide it or to none at all, and every
// few seconds; of two topologies the newer one holds, whoever told it. A call that failed with UNAVAILABLE is tried again
// under the same request id where the shard is decided by then: at once if that is known to be elsewhere, else after the
// backoff and, if the node itself was at fault, at another one. That is within the deadline and the [RetryPolicy] of the
// call; to outlast the death of a node it needs some seconds and more attempts, and the same message sent again is as
// good. A node that died costs the budget one token, however many calls it took along.
//
// Event cursors are the cluster's: [Client.WatchEvents] and [Client.StreamCollections] go on at another node. For reads
// that need not be of this very moment there is [ReadLocally].
//
// # After a timeout
//
// A call that ends with DEADLINE_EXCEEDED is not retried: the time you gave it is over, and only you know whether the
// customer is still waiting. What became of it is unknown, and [IsOutcomeUnknown] says so. It also says so for a call
// whose attempts ended with UNAVAILABLE, or that you cancelled. Then do one of these, whatever is left to be done:
//
//   - The order is still wanted: call again with the same message, and so with the same request id. It is decided now
//     if it was not decided before, and the answer is the first one if it was.
//   - The order is no longer wanted: [Client.Reverse] the order id. That undoes what was decided, and refuses the
//     request should it still be under way.
//   - You want to see first, or the process restarted and the message is lost: [Client.LookupOrder]. Found: go on from
//     the state that the authorization is in. NOT_FOUND: nothing is durable yet, but a request still under way may
//     become so; go on with one of the two above.
//
// A caller that must survive its own crash sets RequestId itself (see [Client.NewRequestID]) and stores it with the
// order before the first attempt. Package client/outbox does that for what must be told, and client/gateway for a carrier's whole
// gateway; they bring bbolt along, which this package does not.
//
// # Caveats
//
//   - A message that has been sent carries its request id. Do not use it as the template of the next request: clear
//     RequestId or make a new message. Forgetting that is safe for the money, not for the sale: the server refuses the
//     id with REQUEST_ID_REUSED, or, if nothing else differs, answers with the first outcome.
//   - Do not change a message, or send it from two goroutines, while a call with it runs.
//   - AdminService is reached through [Client.Admin], the generated client: without deadlines, request ids or retries, and
//     at the node that Dial was told, whatever the topology.
//   - Nodes are called at the addresses that the topology has. Where a balancer is the only way in, use [WithoutRouting].
//   - A deadline on a pooled stream ends the waiting, not the work: the server does not hear of it.
//   - A peer that vanishes without closing its connection is noticed when the kernel gives up, unless keepalive is
//     switched on: WithDialOptions(grpc.WithKeepaliveParams(...)), no more often than the server allows.
package client

// Package journaltest is the conformance suite that every journal engine passes.
//
// An engine's test hands Run a Factory: how to open a log by name, and what the engine can do beyond the contract's
// minimum. Opening a name again after Close is a restart. The suite never looks behind the contract; what is an
// engine's own (damage on disk, disk full, torn writes) the engine tests itself.
//
// Whatever the suite does to a log it also does to a plain slice of payloads, and compares.
package journaltest

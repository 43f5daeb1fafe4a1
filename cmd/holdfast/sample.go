package main

// SampleCmd is a carrier's side of Holdfast, to look at and to begin from.
type SampleCmd struct {
	Gateway SampleGatewayCmd `cmd:"" help:"Sell through the gateway kit, with a carrier that fails in every way, and compare the books."`
	Day     SampleDayCmd     `cmd:"" help:"Make a day at a carrier, and a file of the carrier's with each kind of break."`
	Carrier SampleCarrierCmd `cmd:"" help:"Run the carrier alone, in a process of its own."`
}

// Help teaches.
func (SampleCmd) Help() string {
	return `A gateway as a carrier might have it, made of the kit in client/gateway, and a carrier that delays, fails, loses and repeats
what it says, and takes deliveries back. docs/GATEWAY.md explains the kit.

  holdfast serve                                     in another terminal
  holdfast sample gateway                            two hundred orders, cut off from the core three times
  holdfast sample gateway --seed 7 --data here       kill it whenever you like, and run it again`
}

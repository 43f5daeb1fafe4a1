package ledger

// Scene is what is bought on credit. Each has a line of its own on an account.
type Scene uint8

// The scenes. Their numbers are those of the API and of the journal.
const (
	NoScene Scene = iota
	TopUp         // prepaid top-up
	Bill          // postpaid bill payment
	Bundle        // contract bundle
	scenes  = iota - 1
)

// Scenes is how many scenes there are.
const Scenes = scenes

// Valid says whether s is one of the scenes.
func (s Scene) Valid() bool { return s >= TopUp && s <= Bundle }

func (s Scene) String() string {
	switch s {
	case TopUp:
		return "TOPUP"
	case Bill:
		return "BILL"
	case Bundle:
		return "BUNDLE"
	}
	return "NONE"
}

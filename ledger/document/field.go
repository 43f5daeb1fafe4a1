package document

// Field is a line of a document: one key of a mapping. It has a leaf, fields or items.
type Field struct {
	Key    string
	About  string // what it means, in sentences, for people who have no manual
	Leaf   *Leaf
	Fields []Field
	Items  *Items
	Inline bool // its fields are written between braces

	// When says whether the field belongs to its mapping, which another field of it may decide; nil where it always does.
	When func() Belonging

	// Absent sets what a document means that leaves the field out, because it may be older than the field. Without it and
	// without Empty the field must be there.
	Absent func()

	// Empty says that there is nothing to write, in which case the field is left out. Not nil for fields that may be.
	Empty func() bool

	// There is called when a document has the field, before it is read; nil where nothing depends on that.
	There func()
}

// Belonging is whether a field belongs.
type Belonging uint8

// Whether it does.
const (
	Belongs Belonging = iota
	Foreign           // it does not
	Unclear           // the field that decides has a fault
)

func (f *Field) belongs() Belonging {
	if f.When == nil {
		return Belongs
	}
	return f.When()
}

// written says whether the canonical form has the field.
func (f *Field) written() bool { return f.belongs() == Belongs && (f.Empty == nil || !f.Empty()) }

// Leaf is a value: Read puts it into the variable that it is bound to, and Write has it in canonical form.
type Leaf struct {
	Form  string // what may be written, after "want"
	Read  func(Value)
	Write func() string
}

// Items is a list of mappings, bound to a slice.
type Items struct {
	What    string // one of them
	Least   int
	Most    int
	Block   bool // they are written a line for each field, not a line for each item
	Ordered bool // their order means something

	Size  func() int
	Add   func() []Field // appends a zero item; its fields are good until the next one is appended
	At    func(i int) []Field
	Blank func() []Field     // of an item that is in no list, to tell of them
	Name  func(i int) string // tells it from the others
	Words func(i int) string // all of it, in words
}

// ItemsOf are the items of a slice. Without words they are told by their fields.
func ItemsOf[T any](s *[]T, what string, least, most int, fields func(*T) []Field, name, words func(T) string) *Items {
	it := &Items{
		What: what, Least: least, Most: most,
		Size:  func() int { return len(*s) },
		Add:   func() []Field { *s = append(*s, *new(T)); return fields(&(*s)[len(*s)-1]) },
		At:    func(i int) []Field { return fields(&(*s)[i]) },
		Blank: func() []Field { return fields(new(T)) },
		Name:  func(i int) string { return name((*s)[i]) },
	}
	it.Words = func(i int) string { return inline(it.At(i)) }
	if words != nil {
		it.Words = func(i int) string { return words((*s)[i]) }
	}
	return it
}

// Written says that items are written a line for each field.
func (it *Items) Written() *Items {
	it.Block = true
	return it
}

// InOrder says that the order of the items means something.
func (it *Items) InOrder() *Items {
	it.Ordered = true
	return it
}

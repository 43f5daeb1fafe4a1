package checkpoint

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Err says that a file is no checkpoint of this version, or is damaged, or was made by a fold with other arguments.
var Err = errors.New("no checkpoint to go on from")

// Write writes what is walked. The line is how the file begins.
func Write(w io.Writer, line string, walk func(Coder)) error {
	e := &encoder{w: w, sum: sha256.New()}
	e.raw([]byte(line))
	walk(e)
	e.flush()
	if e.err == nil {
		_, e.err = w.Write(e.sum.Sum(nil))
	}
	return e.err
}

// Read walks what was written under the same line. What it answers is Err, with why.
func Read(r io.Reader, line string, walk func(Coder) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // it is cut short, or lengths and places lead out of what is there
			err = fmt.Errorf("%w: %v", Err, p)
		}
	}()
	d := &decoder{r: r, sum: sha256.New()}
	head := make([]byte, len(line))
	if d.raw(head); string(head) != line {
		return fmt.Errorf("%w: it is none of this version", Err)
	}
	if err := walk(d); err != nil {
		return fmt.Errorf("%w: %w", Err, err)
	}
	d.taken()
	sum := d.sum.Sum(nil)
	last := make([]byte, len(sum))
	if d.raw(last); string(last) != string(sum) {
		return fmt.Errorf("%w: it is damaged", Err)
	}
	return nil
}

// Package sqlite3 takes the place of github.com/mattn/go-sqlite3, which is a C program of a quarter of a million
// lines: only upstream's own tests open such a database. What its other code names of it is here.
package sqlite3

// ErrNo is SQLite's kind of an error.
type ErrNo int

// ErrConstraint is the one kind that upstream asks for.
const ErrConstraint = ErrNo(19)

// Error never occurs.
type Error struct{ Code ErrNo }

func (Error) Error() string { return "there is no SQLite here" }

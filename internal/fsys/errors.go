package fsys

import "errors"

// ErrOther says that there is no file system of the wanted kind at the place.
var ErrOther = errors.New("no such file system")

// Other is the error of a reader that finds no file system of its kind; it is
// [ErrOther].
type Other string

// Error names the kind.
func (o Other) Error() string { return "no " + string(o) + " file system" }

// Is makes it [ErrOther].
func (o Other) Is(target error) bool { return target == ErrOther }

// ErrLimit ends a walk that has reached one of its limits. It never leaves a
// reader.
var ErrLimit = errors.New("limit reached")

package lab

import "fmt"

// MissingError says what the lab needs and this machine does not have.
type MissingError struct{ What string }

func (e *MissingError) Error() string { return "the lab needs " + e.What }

func missing(format string, args ...any) error {
	return &MissingError{What: fmt.Sprintf(format, args...)}
}

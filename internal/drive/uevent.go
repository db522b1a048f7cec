package drive

import (
	"bytes"
	"errors"
)

// uevent is a message of the kernel's device model: a head "add@/devices/…", and
// then pairs NAME=value, each with a zero byte behind it (kobject_uevent.c).
type uevent struct{ action, path, subsystem string }

var errNotUevent = errors.New("not a message of the kernel's device model")

func parseUevent(message []byte) (uevent, error) {
	head, pairs, ended := bytes.Cut(message, []byte{0})
	action, path, ok := bytes.Cut(head, []byte("@"))
	if !ended || !ok || len(action) == 0 || !bytes.HasPrefix(path, []byte("/")) {
		return uevent{}, errNotUevent
	}
	e := uevent{action: string(action), path: string(path)}
	for pair := range bytes.SplitSeq(pairs, []byte{0}) {
		if value, found := bytes.CutPrefix(pair, []byte("SUBSYSTEM=")); found {
			e.subsystem = string(value)
			break
		}
	}
	return e, nil
}

// concernsDrives reports whether a message may mean that a drive came, went or
// changed. One that is not understood may.
func concernsDrives(message []byte) bool {
	e, err := parseUevent(message)
	return err != nil || e.subsystem == "block" || e.subsystem == ""
}

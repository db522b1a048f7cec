package fat

// Loose is a name in directory slots of which no file system tells any more.
type Loose struct {
	Name       string // not safe to print
	Dir        bool
	Start, End int // of its slots in the bytes that were read
}

// ReadLoose returns the names in slots that stand in bytes from anywhere, such as
// a directory's cluster after a format. Slots that cannot have been in use part
// one name from the next; with whole, the first of them, the mark of the
// directory's end, or the start of another directory, ends it.
func ReadLoose(b []byte, whole bool) (list []Loose) {
	var run longRun
	flush := func() {
		for len(run) > 0 {
			if name, slots := run.takeJoined(); printable(name) {
				list = append(list, Loose{Name: name, Start: int(slots[0].at), End: int(slots[len(slots)-1].at) + slotBytes})
			}
		}
	}
	for at := 0; at+slotBytes <= len(b); at += slotBytes {
		s := slot(b[at:])
		switch {
		case s[0] == slotEnd || !s.plausible() && !s.dot() && !s.dotDot() || whole && at > 0 && s.dot():
			flush()
			if whole {
				return list
			}
		case s.long():
			run.add(longSlot{s, int64(at)})
		case s.dot() || s.dotDot():
			flush()
		default:
			name, taken := run.name(&s)
			start := at
			if slots := run.take(taken); taken > 0 {
				start = int(slots[0].at)
			}
			flush()
			list = append(list, Loose{Name: name, Dir: s.directory(), Start: start, End: at + slotBytes})
		}
	}
	flush()
	return list
}

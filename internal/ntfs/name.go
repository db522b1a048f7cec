package ntfs

// maxLinks is how many names the format allows a file to have, but for those for
// DOS.
const maxLinks = 1024

// Name spaces of a $FILE_NAME.
const (
	spaceDOS  = 2
	spaceLast = 3
)

// nameHeader is what a $FILE_NAME has in front of the name.
const nameHeader = 66

// name is one $FILE_NAME.
type name struct {
	parent    ref
	text      string
	space     byte
	size      int64
	directory bool
	bytes     int // that it takes
}

// parseName reads a $FILE_NAME that b begins with.
func parseName(b []byte) (name, bool) {
	if len(b) < nameHeader {
		return name{}, false
	}
	n := name{
		parent:    parseRef(b, 0),
		size:      unsigned(b, 48),
		directory: le32(b, 56)&0x10000000 != 0,
		space:     b[65],
		bytes:     nameHeader + 2*int(b[64]),
	}
	if n.bytes == nameHeader || n.bytes > len(b) || n.space > spaceLast {
		return name{}, false
	}
	n.text = utf16Text(b[nameHeader:n.bytes])
	return n, true
}

// same reports whether o is the same name in the same directory.
func (n name) same(o name) bool { return n.text == o.text && n.parent.number == o.parent.number }

// names returns the file's names but those that are only there for DOS, where
// there are others.
func (f file) names() (list []name) {
	for _, n := range f.allNames() {
		if n.space != spaceDOS {
			list = append(list, n)
		}
	}
	if list == nil {
		return f.allNames()
	}
	return list
}

// allNames returns all of the file's names, but none beyond twice what the format
// allows.
func (f file) allNames() (list []name) {
	for _, a := range f.attrs {
		if a.kind != attrFileName || len(list) > 2*maxLinks {
			continue
		}
		if n, ok := parseName(a.value); ok {
			list = append(list, n)
		}
	}
	return list
}

package ext

const (
	direntFixed = 8 // bytes before the name
	direntLeast = 12
	kindDir     = 2
)

// state is what the place of a directory entry says of it.
type state int

const (
	inUse state = iota
	// inSlack has what was left behind an entry in use, which covers it.
	inSlack
	// inDoubt stands where the block's entries do not lead any more.
	inDoubt
)

// dirent is one directory entry.
type dirent struct {
	inode uint32 // 0 where it was wiped
	kind  byte   // type of the file; 0 where the format does not tell
	name  []byte // of the block
	at    int    // in the block
	state state
}

// bytes is what an entry takes with a name of so many bytes.
func direntBytes(name int) int { return (direntFixed + name + 3) &^ 3 }

func (d dirent) bytes() int { return direntBytes(len(d.name)) }

// dots reports whether it is the entry of the directory itself or of its parent.
func (d dirent) dots() bool { return string(d.name) == "." || string(d.name) == ".." }

// entries reads blocks of directory entries.
type entries struct {
	kinds  bool   // entries tell the type of the file
	inodes uint32 // highest number of an inode
}

// scan calls each for the entries in a block, until it returns false: those in
// use, and in the slack behind each of them what was there before. intact is
// false where the chain of entries breaks; what is found behind it is in doubt.
//
// The inner nodes of an indexed directory look like an unused entry; what is in
// them passes for no name.
func (e entries) scan(b []byte, each func(dirent) bool) (intact bool) {
	for at := 0; at+direntFixed <= len(b); {
		d, length := e.at(b, at)
		used := max(d.bytes(), direntLeast)
		if length < used || length > len(b)-at || d.inode != 0 && len(d.name) == 0 {
			d.state = inDoubt
			if !e.plausible(d, d.bytes(), len(b)-at) || each(d) {
				e.slack(b, at+4, len(b), inDoubt, each)
			}
			return false
		}
		switch {
		case d.inode != 0:
			if !each(d) {
				return true
			}
		case d.named(): // the first of a block, deleted: only its inode was wiped
			d.state = inSlack
			if !each(d) {
				return true
			}
		default:
			used = direntFixed
		}
		if !e.slack(b, at+used, at+length, inSlack, each) {
			return true
		}
		at += length
	}
	return true
}

// slack looks for entries in b[at:end].
func (e entries) slack(b []byte, at, end int, state state, each func(dirent) bool) bool {
	for at+direntLeast <= end {
		d, length := e.at(b[:end], at)
		d.state = state
		if !e.plausible(d, length, len(b)-at) {
			at += 4
			continue
		}
		if !each(d) {
			return false
		}
		at += d.bytes()
	}
	return true
}

// at decodes the entry at a place of b, and the bytes up to the next.
func (e entries) at(b []byte, at int) (d dirent, length int) {
	d = dirent{inode: le32(b, at), at: at}
	length = int(le16(b, at+4))
	if length == 0xFFFF || length == 0 {
		length = 1 << 16 // which takes 17 bits
	} else {
		length = length&0xFFFC | length&3<<16
	}
	name := int(b[at+6])
	if e.kinds {
		d.kind = b[at+7] & 0x0F // the upper half tells of data behind the name
	} else if b[at+7] != 0 {
		name = 0 // longer than any name
	}
	if start := at + direntFixed; start+name <= len(b) {
		d.name = b[start : start+name]
	}
	return d, length
}

// plausible reports whether what was decoded from slack was an entry once.
func (e entries) plausible(d dirent, length, room int) bool {
	return d.inode != 0 && d.inode <= e.inodes && d.named() &&
		length >= d.bytes() && length <= room &&
		(!e.kinds || d.kind >= 1 && d.kind <= 7)
}

// named reports whether the name is one that somebody may have given: in UTF-8
// or any encoding that extends ASCII.
func (d dirent) named() bool {
	for _, c := range d.name {
		if c < ' ' || c == 0x7F || c == '/' {
			return false
		}
	}
	return len(d.name) > 0
}

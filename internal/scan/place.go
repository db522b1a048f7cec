package scan

import "fmt"

// place fills in where the item of a sighting lies.
func (j *join) place(f *Finding, s sighting) {
	f.State = Unallocated
	if owner, ok := j.owners[s.file]; ok {
		f.Path, f.State = owner.path, owner.stateInside()
		f.Offset = owner.start
		f.Hint += owner.remark()
		if at := j.catalog.files.position(s.file, s.offset); at > 0 && s.member == nil {
			f.Hint += fmt.Sprintf(", from byte %d of %s", at, j.counted(owner))
		}
	}
	if s.member != nil {
		f.Member, f.Offset, f.Length = clean(withoutContent(s.member.name)), s.member.offset, s.member.last()-s.member.pos
	}
}

// counted is what the positions in the index count: not the holes of a file, nor
// what is lost of it.
func (j *join) counted(owner entry) string {
	if j.catalog.files.size(owner.file) < owner.size {
		return "what is stored of the file"
	}
	return "the file"
}

// inFormer is what is said of what a former file system tells.
const inFormer = ", in what is left of a former file system"

// inJournal is what is said of what a journal holds.
const inJournal = ", in the file system's journal"

// remark is what is said of a finding in the entry besides its path.
func (e entry) remark() (text string) {
	if e.journal {
		text = inJournal
	}
	if e.former {
		text += inFormer
	}
	return text
}

// stateInside is the state of what is in the entry: a journal is in use, and what
// it holds are copies that no name leads to.
func (e entry) stateInside() State {
	if e.journal {
		return Unallocated
	}
	return e.state()
}

func (e entry) state() State {
	if e.deleted {
		return Deleted
	}
	return Live
}

// containerOf is the encoding of what a sighting was unpacked from, if that is one.
func containerOf(s sighting) string {
	if s.member == nil || s.member.kind == kindZip {
		return ""
	}
	return s.member.kind
}

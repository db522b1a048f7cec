package ext

import "errors"

// errUnread says that the superblock cannot be read, and that no backup stands in
// for it.
var errUnread = errors.New("the superblock of an ext file system, if there is one, cannot be read")

// errJournalDev says that there is a journal alone, without files.
var errJournalDev = errors.New("an ext journal of another file system; there are no files in it")

// find takes the superblock, or else, if it may, the first backup that stands
// where it says it does.
func (f *FS) find(backups bool) error {
	s, err := f.readSuper(superOffset)
	if err != nil && !(backups && f.findBackup(&s)) {
		return err
	}
	if s.incompat&incompatJournalDev != 0 {
		return errJournalDev
	}
	f.super = s
	if uint64(f.size/s.blockBytes) <= s.firstOf+1 {
		return notExt("no room for a file system")
	}
	return nil
}

// findBackup looks where backups are for each block size, when a group has as
// many blocks as its bitmap has bits: in the groups 1 and powers of 3, 5 and 7.
func (f *FS) findBackup(found *super) bool {
	for blockBytes := int64(1024); blockBytes <= 64<<10; blockBytes *= 2 {
		for _, group := range [...]int64{1, 3, 5, 7, 9, 25, 27, 49} {
			at := group * 8 * blockBytes * blockBytes
			if blockBytes == 1024 {
				at += blockBytes
			}
			s, err := f.readSuper(at)
			if err == nil && s.blockBytes == blockBytes && int64(s.group) == group {
				*found = s
				return true
			}
		}
	}
	return false
}

// readSuper reads the superblock at a byte of the volume.
func (f *FS) readSuper(at int64) (super, error) {
	if at > f.size-superBytes {
		return super{}, notExt("no room for a superblock")
	}
	b := make([]byte, superBytes)
	if len(f.src.Read(b, f.start+at)) > 0 {
		return super{}, errUnread
	}
	s, err := parseSuper(b)
	if at == superOffset {
		s.group = 0 // whatever it says
	}
	return s, err
}

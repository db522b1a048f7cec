package ext

// Features that are looked at, as the superblock's three words have them.
const (
	compatJournal      = 0x4
	compatSparseSuper2 = 0x200
	compatOrphanFile   = 0x1000

	incompatCompression = 0x1
	incompatFiletype    = 0x2
	incompatRecover     = 0x4
	incompatJournalDev  = 0x8
	incompatMetaBG      = 0x10
	incompat64Bit       = 0x80
	// All that are documented: the layout is known, whether it is used or not.
	knownIncompat = 0x3F7DF

	roSparseSuper  = 0x1
	roGroupSum     = 0x10
	roBigalloc     = 0x200
	roMetadataSums = 0x400

	// What ext2 and ext3 may have; anything else makes it ext4.
	ext3Incompat = incompatFiletype | incompatRecover | incompatMetaBG
	ext3RO       = 0x7
)

// kind is the type of the file system.
func (s *super) kind() string {
	switch {
	case s.incompat&^ext3Incompat != 0 || s.ro&^ext3RO != 0:
		return "ext4"
	case s.compat&compatJournal != 0:
		return "ext3"
	}
	return "ext2"
}

// summed reports whether descriptors have checksums, and with them flags for
// what was never initialised.
func (s *super) summed() bool { return s.ro&(roGroupSum|roMetadataSums) != 0 }

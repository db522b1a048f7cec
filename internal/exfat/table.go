package exfat

// Values of table entries that are no number of a cluster.
const (
	entryBad = 0xFFFFFFF7
	entryEnd = 0xFFFFFFFF
)

// linkKind is what a table entry says of its cluster.
type linkKind int

const (
	linkNone linkKind = iota // nothing: the cluster is free, bad, or in a file without a chain
	linkNext                 // the chain goes on
	linkEnd                  // the chain ends here
	linkLost                 // the entry cannot be read
)

// link decodes the table entry of cluster c; next may lie outside the volume.
// Which clusters are free it does not tell: that is for the bitmap.
func (w *walker) link(c uint32) (kind linkKind, next uint32) {
	b, ok := w.table.At(int64(c)*entryBytes, entryBytes)
	if !ok {
		return linkLost, 0
	}
	switch next = le32(b, 0); {
	case next == entryEnd:
		return linkEnd, 0
	case next < 2 || next >= entryBad:
		return linkNone, 0
	}
	return linkNext, next
}

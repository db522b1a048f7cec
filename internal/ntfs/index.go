package ntfs

const (
	indexHeader = 24      // of a block, up to the header of its entries
	maxBitmap   = 1 << 16 // bytes of the bitmap of a directory's blocks that are looked at
)

// residual looks for names in what is unused of one directory's index.
type residual struct {
	w    *walker
	dir  file
	path string // ends in "/"
	seen map[former]bool
}

// residue visits the names of what was in the directory that no record tells any
// more.
func (w *walker) residue(dir file, path string) error {
	if w.depth == maxDepth {
		w.f.notes.Add("deleted directories nest deeper than %d; what is below is left out", maxDepth)
		return nil
	}
	w.depth++
	defer func() { w.depth-- }()
	d := residual{w: w, dir: dir, path: path, seen: map[former]bool{}}
	slack := int64(dir.used)
	if err := d.scan(dir.bytes[slack:], &w.f.mft, dir.number*w.f.boot.recordBytes+slack); err != nil {
		return err
	}
	parts := dir.parts(attrIndexAllocation, indexName)
	if len(parts) == 0 {
		return nil
	}
	s := w.f.stream(parts)
	if !dir.inUse() {
		s.runs, _ = w.stillFree(s.runs, s.written())
	}
	return d.blocks(&s, d.used())
}

// blockBytes is how many bytes a block of the directory has: as its root says, or
// else the boot sector.
func (d *residual) blockBytes() int64 {
	if parts := d.dir.parts(attrIndexRoot, indexName); len(parts) > 0 && len(parts[0].value) >= 12 {
		if n := int64(le32(parts[0].value, 8)); power(n, 512, maxIndexBytes) {
			return n
		}
	}
	return d.w.f.boot.indexBytes
}

// used is the bitmap of the blocks of the directory that are in use.
func (d *residual) used() []byte {
	parts := d.dir.parts(attrBitmap, indexName)
	switch {
	case len(parts) == 0 || !d.dir.inUse():
		return nil
	case parts[0].resident:
		return parts[0].value
	}
	return d.w.content(d.w.f.stream(parts), maxBitmap)
}

// blocks looks into each index block that lies somewhere.
func (d *residual) blocks(s *stream, used []byte) error {
	size, clusterBytes := d.blockBytes(), d.w.f.boot.clusterBytes
	b, next := make([]byte, size), int64(0)
	for _, r := range s.runs {
		if r.lcn < 0 {
			continue
		}
		next = max(next, r.vcn*clusterBytes/size*size)
		for ; next < r.end()*clusterBytes; next += size {
			if err := d.w.goOn(); err != nil {
				return err
			}
			n := next / size
			inUse := n/8 < int64(len(used)) && used[n/8]&(1<<(n%8)) != 0
			if err := d.block(s, b, next, inUse); err != nil {
				return err
			}
		}
	}
	return nil
}

// block looks into the block at byte at of the index, which it reads into b: into
// all of it, or into what is behind the entries of one that is in use.
func (d *residual) block(s *stream, b []byte, at int64, inUse bool) error {
	if lost := d.w.read(s, b, at); len(lost) > 0 {
		d.w.f.notes.Add("the index of directory %d cannot be read in full", d.dir.number)
	}
	if string(b[:4]) != "INDX" {
		return nil
	}
	if !restore(b) && d.dir.inUse() {
		d.w.f.notes.Add("an index block of directory %d was not written in one go", d.dir.number)
	}
	from := int64(indexHeader) + int64(le32(b, indexHeader))
	if inUse {
		from = int64(indexHeader) + int64(le32(b, indexHeader+4))
	}
	from = min(max(from, indexHeader), int64(len(b)))
	return d.scan(b[from:], s, at+from)
}

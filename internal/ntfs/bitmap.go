package ntfs

// pageBytes is how much of $Bitmap is held at a time.
const pageBytes = 4 << 10

// bitmap answers which clusters are free now, as $Bitmap has it.
type bitmap struct {
	w    *walker
	data stream
	page int64 // that is in bytes, or -1
	b    []byte
}

func (w *walker) newBitmap() *bitmap {
	m := &bitmap{w: w, page: -1, b: make([]byte, pageBytes)}
	if rec, ok := w.record(recordBitmap); ok {
		if parts := w.gather(rec).parts(attrData, ""); len(parts) > 0 && !parts[0].resident {
			m.data = w.f.stream(parts)
		}
	}
	if m.data.end() == 0 {
		w.f.notes.Add("$Bitmap cannot be found; what of deleted files was overwritten cannot be told")
	}
	return m
}

// free reports whether a cluster is free. So is one of which it cannot be told:
// what is left of deleted files is a guess, which must not miss anything.
func (m *bitmap) free(cluster int64) bool {
	at := cluster / 8
	if page := at / pageBytes; page != m.page {
		m.page = page
		clear(m.b)
		if len(m.w.read(&m.data, m.b, page*pageBytes)) > 0 {
			m.w.f.notes.Add("$Bitmap cannot be read in full; some deleted files may have been overwritten")
		}
	}
	return m.b[at%pageBytes]&(1<<(cluster%8)) == 0
}

// stillFree returns the runs that cover the first n bytes, as far as their
// clusters are free now; the others are gone. Where the very first cluster is not
// free, taken is that one, else -1.
func (w *walker) stillFree(runs []run, n int64) (left []run, taken int64) {
	var s stream
	last := n / w.f.boot.clusterBytes
	if n%w.f.boot.clusterBytes > 0 {
		last++
	}
	first := true
	for _, r := range runs {
		if r.vcn >= last {
			break
		}
		r.count = min(r.count, last-r.vcn)
		if r.lcn < 0 {
			s.runs = append(s.runs, r)
			continue
		}
		if first && !w.bitmap.free(r.lcn) {
			return nil, r.lcn
		}
		first = false
		if !w.split(&s, r) {
			break
		}
	}
	return s.runs, -1
}

// split appends r to s in pieces that are free or gone.
func (w *walker) split(s *stream, r run) bool {
	for r.count > 0 {
		piece := run{vcn: r.vcn, lcn: r.lcn}
		free := w.bitmap.free(r.lcn)
		for r.count > 0 && w.bitmap.free(r.lcn) == free && w.step() {
			piece.count++
			r.vcn, r.lcn, r.count = r.vcn+1, r.lcn+1, r.count-1
		}
		if !free {
			piece.lcn = gone
		}
		if piece.count == 0 || !w.f.addRun(s, piece) {
			return false
		}
	}
	return true
}

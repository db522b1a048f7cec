package ntfs

// maxUnit is the most that the format allows a unit of compression to have.
const maxUnit = 64 << 10

// unitBytes is how many bytes of a compressed stream are packed together; 0 when
// that cannot be.
func (f *FS) unitBytes(s *stream) int64 {
	if s.unit == 0 || s.unit > 16 || f.boot.clusterBytes<<s.unit > maxUnit {
		return 0
	}
	return f.boot.clusterBytes << s.unit
}

// inflate returns up to limit bytes of a compressed stream from its start. It
// ends where the stream cannot be read, or leads astray.
func (f *FS) inflate(s *stream, limit int) (out []byte) {
	want, unit := min(max(int64(limit), 0), s.size), f.unitBytes(s)
	for at := int64(0); at < want; at += unit {
		var ok bool
		if out, ok = f.inflateUnit(out, s, at, unit); !ok {
			break
		}
	}
	out = out[:min(int64(len(out)), want)]
	if written := s.written(); written < int64(len(out)) {
		clear(out[written:])
	}
	return out
}

// inflateUnit appends the unit at byte at: a hole, or stored as it is, or, when a
// hole follows what is stored, compressed.
func (f *FS) inflateUnit(out []byte, s *stream, at, unit int64) ([]byte, bool) {
	stored, ok := f.stored(s, at, unit)
	switch {
	case !ok:
		return out, false
	case len(stored) == 0:
		return append(out, make([]byte, unit)...), true
	case int64(len(stored)) == unit:
		return append(out, stored...), true
	}
	return unpack(out, stored, int(unit))
}

// stored reads the clusters that the unit at byte at has.
func (f *FS) stored(s *stream, at, unit int64) (b []byte, ok bool) {
	for end := at + unit; at < end; {
		e, ok := f.place(s, at)
		if !ok {
			r, ok := s.find(at / f.boot.clusterBytes)
			return b, ok && r.lcn == hole
		}
		n := min(e.Length, end-at)
		piece := make([]byte, n)
		if got, _ := f.r.ReadAt(piece, e.Offset); got < len(piece) {
			return b, false
		}
		b, at = append(b, piece...), at+n
	}
	return b, true
}

package ntfs

import "context"

// findMFT finds out where $MFT lies, from its own first record or the mirror of
// it.
func (f *FS) findMFT() bool {
	if f.startMFT(f.boot.mft) {
		return true
	}
	if f.startMFT(f.boot.mirror) {
		f.notes.Add("the first record of $MFT is damaged; its mirror is used")
		return true
	}
	return false
}

// startMFT takes the record at a cluster for the first of $MFT. Where $MFT takes
// several records, each of them lies in what those before it tell, so that the
// whole is found in steps.
func (f *FS) startMFT(cluster int64) bool {
	if cluster >= f.clusters {
		return false
	}
	b := make([]byte, f.boot.recordBytes)
	lost := f.src.Read(b, f.offset(cluster))
	w := f.walker(context.Background(), nil)
	rec, ok := w.judge(0, b, len(lost) > 0)
	if !ok || !rec.inUse() {
		return false
	}
	f.first = rec
	own, _ := rec.attributes()
	if !f.mapMFT(file{record: rec, attrs: own}) {
		return false
	}
	for before := int64(0); before < f.mft.end(); {
		before = f.mft.end()
		f.mapMFT(w.gather(rec))
	}
	return true
}

// mapMFT takes f's data for $MFT, up to what lies nowhere: $MFT has no holes.
func (f *FS) mapMFT(first file) bool {
	parts := first.parts(attrData, "")
	if len(parts) == 0 || parts[0].resident {
		return false
	}
	s := f.stream(parts)
	for i, r := range s.runs {
		if r.lcn < 0 {
			s.runs = s.runs[:i]
			break
		}
	}
	if s.end() <= f.mft.end() {
		return false
	}
	f.mft = s
	return true
}

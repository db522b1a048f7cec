package fat

import (
	"bytes"
	"context"
)

// compareCopies warns where the two copies of the table do not agree in what
// they say of the volume's clusters. It does so once: what it notes stays.
func (f *FS) compareCopies(ctx context.Context) error {
	if !f.Boot.Mirrored || f.Boot.Copies != 2 || f.compared.Load() {
		return nil
	}
	differing, first := int64(0), int64(0)
	used := (int64(f.clusters+2)*int64(f.table.bits) + 7) / 8
	a, b := make([]byte, pageBytes), make([]byte, pageBytes)
	for at := int64(0); at < used; at += pageBytes {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, b = a[:min(pageBytes, used-at)], b[:min(pageBytes, used-at)]
		f.src.Read(a, f.table.offsets[0]+at)
		f.src.Read(b, f.table.offsets[1]+at)
		if bytes.Equal(a, b) {
			continue
		}
		for i := range a {
			if a[i] != b[i] {
				if differing == 0 {
					first = at + int64(i)
				}
				differing++
			}
		}
	}
	if differing > 0 {
		f.notes.Add("the two copies of the table differ in %d bytes, the first at byte %d of each", differing, first)
	}
	f.compared.Store(true)
	return nil
}

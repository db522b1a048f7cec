package exfat

import "unicode/utf16"

// system reads from the root directory what the volume keeps for itself there:
// its label, and where the allocation bitmap is.
func (w *walker) system() {
	var label, bitmap bool
	w.rootSlots(func(s *slot) (more bool) {
		switch s[0] {
		case inUse | kindLabel:
			if !label {
				w.label, label = s.label(), true
			}
		case inUse | kindBitmap:
			if !bitmap && s[1]&1 != 0 == w.f.boot.second {
				w.openBitmap(s)
				bitmap = true
			}
		}
		return !label || !bitmap
	})
	if !bitmap {
		w.f.notes.Add("there is no allocation bitmap; where deleted files lay cannot be told")
	}
}

// rootSlots calls visit for the slots of the root directory up to its end mark,
// while visit wants more.
func (w *walker) rootSlots(visit func(s *slot) (more bool)) {
	buf := make([]byte, chunkBytes)
	for _, e := range w.root {
		for at := e.Offset; at < e.End() && w.Ctx.Err() == nil; at += chunkBytes {
			buf = buf[:min(chunkBytes, e.End()-at)]
			w.f.src.Read(buf, at)
			for i := 0; i+slotBytes <= len(buf); i += slotBytes {
				s := slot(buf[i:])
				if s[0] == kindEnd || !visit(&s) {
					return
				}
			}
		}
	}
}

// label decodes a slot for the volume's label. It may have 11 units, but some
// writers use the reserved bytes for more.
func (s *slot) label() string {
	return string(utf16.Decode(s.units(nil)[:min(int(s[1]), nameUnits)]))
}

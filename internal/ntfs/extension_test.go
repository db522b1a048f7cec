package ntfs

import (
	"slices"
	"testing"
)

// TestExtensions has files that take several records.
func TestExtensions(t *testing.T) {
	list := func(entries ...[]byte) []byte { return inside(attrList, "", slices.Concat(entries...)) }
	first := func(flags uint16, sequence uint16, attrs ...[]byte) rec {
		return rec{sequence, flags, ref{}, slices.Concat([][]byte{fileName(root, "f", 3)}, attrs)}
	}
	second := func(base ref, flags uint16, attrs ...[]byte) rec { return rec{1, flags, base, attrs} }
	second1 := ref{21, 1}
	for _, c := range []struct {
		name  string
		build func(v *volume)
		want  []string
		warns string
	}{
		{
			"data in two records, the later part first", func(v *volume) {
				v.put(20, first(flagInUse, 1, list(listEntry(attrData, 0, second1), listEntry(attrData, 2, ref{22, 1})))).
					put(21, second(ref{20, 1}, flagInUse, part(attrData, "", 2, 0, runs(800, 2)))).
					put(22, second(ref{20, 1}, flagInUse, part(attrData, "", 0, 2000, runs(700, 2))))
			}, []string{"/f 700+1024 800+976"}, "",
		},
		{
			"names and streams", func(v *volume) {
				v.put(20, rec{1, flagInUse, ref{}, [][]byte{list(listEntry(attrFileName, 0, second1))}}).
					put(21, second(ref{20, 1}, flagInUse, fileName(root, "f", 3), inside(attrData, "s", []byte("x"))))
			}, []string{"/f", "/f:s 74+1"}, "",
		},
		{
			"a list that is not resident", func(v *volume) {
				v.fill(700, listEntry(attrData, 0, second1)).
					put(20, first(flagInUse, 1, outside(attrList, "", 32, runs(700, 1)))).
					put(21, second(ref{20, 1}, flagInUse, data(5, 701, 1)))
			}, []string{"/f 701+5"}, "",
		},
		{
			"a part is missing", func(v *volume) {
				v.put(20, first(flagInUse, 1, list(listEntry(attrData, 2, second1)), part(attrData, "", 0, 3000, runs(700, 2)))).
					put(21, second(ref{20, 1}, flagInUse, part(attrData, "", 4, 0, runs(800, 2))))
			}, []string{"/f incomplete 700+1024 800+952"}, "",
		},
		{
			"the first part is missing", func(v *volume) {
				v.put(20, first(flagInUse, 1, list(listEntry(attrData, 2, second1)))).
					put(21, second(ref{20, 1}, flagInUse, part(attrData, "", 2, 0, runs(800, 2))))
			}, []string{"/f incomplete 800+1024"}, "",
		},
		{
			"an extension of someone else", func(v *volume) {
				v.put(20, first(flagInUse, 1, list(listEntry(attrData, 0, second1)))).
					put(21, second(ref{30, 1}, flagInUse, data(5, 700, 1)))
			}, []string{"/f incomplete", "/?/record 21 700+5"}, "record 20 tells less",
		},
		{
			"deleted, with its extension and without", func(v *volume) {
				v.put(20, first(0, 2, list(listEntry(attrData, 0, second1)))).
					put(21, second(ref{20, 1}, 0, data(5, 700, 1))).
					put(22, first(0, 2, list(listEntry(attrData, 0, ref{23, 1})))).
					file(23, "new")
			}, []string{"/f deleted 700+5", "/f deleted incomplete", "/new"}, "",
		},
		{
			"an extension whose file is another one now", func(v *volume) {
				v.put(20, first(flagInUse, 3)).put(21, second(ref{20, 1}, 0, data(5, 700, 1)))
			}, []string{"/f", "/?/record 21 deleted 700+5"}, "",
		},
		{
			"a list that names itself, one twice, and a record that is none", func(v *volume) {
				v.put(20, first(flagInUse, 1, list(listEntry(attrData, 0, ref{20, 1}), listEntry(attrData, 0, second1),
					listEntry(attrData, 0, second1), listEntry(attrData, 0, ref{1 << 47, 1})))).
					put(21, second(ref{20, 1}, flagInUse, list(listEntry(attrData, 0, ref{20, 1})), data(5, 700, 1)))
			}, []string{"/f 700+5"}, "record 20 tells less",
		},
		{
			"a list that breaks off", func(v *volume) {
				entry := listEntry(attrData, 0, second1)
				put16(entry, 4, 0)
				v.put(20, first(flagInUse, 1, list(entry))).put(21, second(ref{20, 1}, flagInUse, data(5, 700, 1)))
			}, []string{"/f 700+5"}, "list of MFT record 20 breaks off",
		},
		{
			"an extension that its file has given back", func(v *volume) {
				v.put(20, first(flagInUse, 1, data(5, 800, 1))).put(21, second(ref{20, 1}, 0, data(6, 700, 1)))
			}, []string{"/f 800+5", "/?/record 21 deleted 700+6"}, "",
		},
		{
			"a list of which nothing can be read", func(v *volume) {
				v.put(20, first(flagInUse, 1, outside(attrList, "", 32, runs(hole, 1)))).
					put(22, first(flagInUse, 1, outside(attrList, "", 32, nil)))
			}, []string{"/f incomplete", "/f incomplete"}, "list of MFT record 22",
		},
		{
			"a list that names one twice", func(v *volume) {
				v.put(20, first(flagInUse, 1, list(listEntry(attrData, 0, second1), listEntry(attrData, 0, second1)))).
					put(21, second(ref{20, 1}, flagInUse, data(5, 700, 1)))
			}, []string{"/f 700+5"}, "",
		},
		{
			"an extension that is its own", func(v *volume) {
				v.put(20, second(ref{20, 1}, flagInUse, data(5, 700, 1)))
			}, []string{"/?/record 20 700+5"}, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume()
			c.build(v)
			v.require(t, c.want, c.warns)
		})
	}
}

// TestFragmentedMFT has an $MFT of four pieces, three of which only its own
// extensions tell, each in what the one before it adds.
func TestFragmentedMFT(t *testing.T) {
	v := newVolume()
	v.file(60, "last", data(5, 700, 1)).
		put(16, rec{1, flagInUse, ref{0, 1}, [][]byte{part(attrData, "", 40, 0, runs(800, 40))}}).
		put(30, rec{1, flagInUse, ref{0, 1}, [][]byte{part(attrData, "", 80, 0, runs(900, 48))}}).
		file(0, "$MFT", inside(attrList, "", slices.Concat(
			listEntry(attrData, 0, ref{0, 1}), listEntry(attrData, 40, ref{16, 1}), listEntry(attrData, 80, ref{30, 1}))),
			part(attrData, "", 0, tRecords*tRecord, runs(tMFT, 40)))
	mft := slices.Clone(v.bytes[tMFT*tCluster:][:tRecords*tRecord])
	clear(v.bytes[(tMFT+40)*tCluster:][:24*tRecord])
	copy(v.bytes[800*tCluster:], mft[40*tCluster:80*tCluster])
	copy(v.bytes[900*tCluster:], mft[80*tCluster:])
	v.allocate(800, 40).allocate(900, 48)
	entries, warnings := v.walk(t)
	if got := marks(entries); !slices.Equal(got, []string{"/last 700+5"}) || len(warnings) > 0 {
		t.Errorf("%q, %q", got, warnings)
	}
	if e := entries[0].Record; e.Offset != 900*tCluster+20*tRecord || e.Length != tRecord {
		t.Errorf("its record is at %v", e)
	}
}

// TestTooManyExtensions has an attribute list that names more records than are
// looked at.
func TestTooManyExtensions(t *testing.T) {
	w := newVolume().open(t).walker(t.Context(), nil)
	var list []byte
	for n := range int64(2 * maxExtensions) {
		list = append(list, listEntry(attrData, 0, ref{n, 1})...)
	}
	f := file{whole: true}
	if n := len(w.extensions(&f, attr{resident: true, value: list, size: int64(len(list))})); n != maxExtensions || f.whole || len(w.f.Warnings()) == 0 {
		t.Errorf("%d records, whole %v, %q", n, f.whole, w.f.Warnings())
	}
}

package attest_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
)

// TestIdentityIsTheDrives: the identity document that package drive makes is the
// one that is recomputed here, which may not import it outside of this test.
func TestIdentityIsTheDrives(t *testing.T) {
	for _, id := range []drive.Identity{
		{Schema: drive.IdentitySchema},
		{
			Schema: drive.IdentitySchema, Kind: drive.KindUSB, VendorID: "0781", ProductID: "5581", Revision: "0100",
			Manufacturer: "M <&>", Product: "P \u2028", Serial: "S \"\\", SerialQuality: drive.SerialUnique,
			InquiryVendor: "V\t", InquiryModel: "\ufffd \u202e\u009b\x7f\U000e0041", InquiryRevision: "R", Name: "ü.img", LUN: 3,
			SizeBytes: 1<<63 - 1, LogicalSectorBytes: 4096,
		},
	} {
		doc := id.Canonical()
		parsed, err := attest.ParseIdentity(doc)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(parsed.Canonical(), doc) {
			t.Errorf("recomputed as\n%s\ninstead of\n%s", parsed.Canonical(), doc)
		}
		if i := bytes.IndexFunc(doc, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("what is not printable stands at byte %d of\n%q", i, doc)
		}
		var theirs, ours map[string]any
		if json.Unmarshal(doc, &theirs) != nil || json.Unmarshal(parsed.Canonical(), &ours) != nil || len(theirs) != len(ours) {
			t.Errorf("%d fields there, %d here", len(theirs), len(ours))
		}
	}
}

package scan

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/progress"

	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// isClean fails unless the report says that every byte was read and nothing
// found.
func isClean(t *testing.T, r Report) {
	t.Helper()
	if r.Verdict != Clean || len(r.Findings) > 0 || len(r.Coverage.Limits) > 0 || r.Coverage.BytesRead != r.SizeBytes {
		t.Errorf("verdict %s, findings %+v, coverage %+v", r.Verdict, r.Findings, r.Coverage)
	}
}

// only returns the one finding of a report.
func only(t *testing.T, r Report) Finding {
	t.Helper()
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings, want one: %+v", len(r.Findings), r.Findings)
	}
	return r.Findings[0]
}

func TestFreshFileSystems(t *testing.T) {
	for kind := range volumeSizes {
		for _, scheme := range []string{"none", "mbr", "gpt"} {
			drive, _ := onDrive(t, newFAT(t, kind).bytes(), scheme)
			r := scanned(t, inMemory(drive))
			isClean(t, r)
			if len(r.Partitions) != 1 || r.Partitions[0].FileSystem != kind {
				t.Errorf("%s %s: partitions %+v", kind, scheme, r.Partitions)
			}
		}
	}
}

func TestNothing(t *testing.T) {
	for name, content := range map[string][]byte{
		"no byte": {}, "one byte": {1}, "511 bytes": randomBytes(1, 511), "odd size": randomBytes(2, 5<<20+3),
		"zeros": make([]byte, 9<<20), "ones": bytes.Repeat([]byte{0xFF}, 9<<20),
	} {
		r := scanned(t, inMemory(content))
		isClean(t, r)
		if r.SizeBytes != int64(len(content)) || len(r.Partitions) != 1 || r.Partitions[0].Index != 0 {
			t.Errorf("%s: %d bytes, partitions %+v", name, r.SizeBytes, r.Partitions)
		}
	}
}

func TestRandom(t *testing.T) {
	size := int64(32 << 20)
	if os.Getenv("PANOSCRUB_SWEEP") != "" {
		size = 1 << 30
	}
	drive := block.NewMemory(size, 512)
	copy(drive.Bytes(), randomBytes(3, int(size)))
	var count progress.Counter
	r, err := Run(context.Background(), drive, Options{Count: &count})
	if err != nil {
		t.Fatal(err)
	}
	isClean(t, r)
	if done, total := count.Load(); done != size || total != size {
		t.Errorf("counted %d of %d, want %d", done, total, size)
	}
}

// TestHarmless is a drive with what looks like leftovers and is none.
func TestHarmless(t *testing.T) {
	v := newFAT(t, "fat16")
	v.mkdir("/panorama")
	v.put("/panorama/alps.jpg", randomBytes(1, 5000))
	v.put("/ca-bundle.crt", bytes.Repeat(certPEM("Some Public Root", true, ecKey()), 5))
	v.put("/syslog.log", []byte("kernel: all is well\n"))
	v.put("/certificates.zip", zipOf(t, 8, zipFile{"readme", []byte("no keys")}))
	v.put("/guide.md", []byte("Use device-4tafxmplhtmzabv5lsacba4ere, or arn:aws:panorama:us-east-2:123456789012:device/device-4tafxmplhtmzabv5lsacba4ere\n"))
	r := scanned(t, inMemory(v.bytes()))
	if r.Verdict != Clean || len(r.Appliance) != 0 {
		t.Errorf("verdict %s, appliance %+v", r.Verdict, r.Appliance)
	}
	for _, f := range r.Findings {
		named := f.Rule == rules.Authority && f.Path == "/ca-bundle.crt" && strings.HasSuffix(f.Hint, ", and 4 more")
		if sample := f.Sample && f.Path == "/guide.md"; f.Severity != Low || !sample && !named {
			t.Errorf("%+v", f)
		}
	}
	if len(r.Findings) != 3 {
		t.Errorf("%d findings, want the two samples and the authorities", len(r.Findings))
	}
}

// TestChunkBorder puts a key at every place around the border of two chunks.
func TestChunkBorder(t *testing.T) {
	key := ecPEM(ecKey())
	drive := block.NewMemory(chunkBytes+1<<20, 512)
	for at := chunkBytes - len(key) - 2; at <= chunkBytes+2; at++ {
		copy(drive.Bytes()[at:], key)
		r, err := Run(context.Background(), drive, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if f := only(t, r); f.Offset != int64(at) || f.Length != int64(len(key)) || f.Rule != rules.PrivateKey {
			t.Fatalf("at %d: %+v", at, f)
		}
		clear(drive.Bytes()[at : at+len(key)])
	}
}

// TestDriveEnds puts a key at the first and at the last byte of odd drives.
func TestDriveEnds(t *testing.T) {
	key := ecPEM(ecKey())
	for _, size := range []int{len(key), len(key) + 1, chunkBytes + 17, chunkBytes + lookahead + len(key)} {
		for _, at := range []int{0, size - len(key)} {
			drive := inMemory(make([]byte, size))
			copy(drive.Bytes()[at:], key)
			if f := only(t, scanned(t, drive)); f.Offset != int64(at) {
				t.Errorf("%d bytes: found at %d, want %d", size, f.Offset, at)
			}
		}
	}
}

// TestFragments has a file in pieces of one cluster each, so that everything in
// it crosses from one to another.
func TestFragments(t *testing.T) {
	const cluster = 2048 // of volumeSizes["fat12"]
	stored := infoZip(t, []string{"-0"}, zipFile{"key", rsaPEM(0)}, zipFile{"network.json", networkJSON()})
	for _, c := range []struct {
		name string
		body []byte
		want []string // rule and member
	}{
		{"key", rsaPEM(1), []string{"private-key "}},
		{"network configuration", networkJSON(), []string{"network-configuration "}},
		{"stored archive", stored, []string{"configuration-archive ", "private-key key", "network-configuration network.json"}},
	} {
		for _, at := range []struct{ cluster, before int }{{1, 1}, {1, 10}, {3, 5}, {3, 40}} {
			t.Run(fmt.Sprint(c.name, " ", at.before, " bytes before cluster ", at.cluster, " ends"), func(t *testing.T) {
				v := newFAT(t, "fat12")
				fragment(t, v, cluster)
				content := append(bytes.Repeat([]byte{'#'}, at.cluster*cluster-at.before), c.body...)
				content = append(content, bytes.Repeat([]byte{'#'}, cluster)...)
				v.put("/a file", content)
				drive := v.bytes()
				if border := at.cluster * cluster; bytes.Contains(drive, content[border-100:border+100]) {
					t.Fatal("the file is not in fragments")
				}
				r := scanned(t, inMemory(drive))
				if len(r.Findings) != len(c.want) {
					t.Errorf("%d findings: %+v", len(r.Findings), r.Findings)
				}
				for _, w := range c.want {
					rule, member, _ := strings.Cut(w, " ")
					found := r.find(rule, "/a file", member)
					if len(found) != 1 || found[0].State != Live || member == "" && rule != rules.Archive && found[0].Encoding != encodingText {
						t.Fatalf("%s: %+v", w, found)
					}
					if member == "" && found[0].Offset != int64(bytes.Index(drive, []byte("####"))) {
						t.Errorf("%s: at %d", w, found[0].Offset)
					}
				}
			})
		}
	}
}

// fragment leaves nothing free in the first part of a volume but every other
// cluster.
func fragment(t *testing.T, v *fatVolume, cluster int) {
	t.Helper()
	dir := t.TempDir()
	put, remove := []string{"-i", v.path}, []string{"-i", v.path}
	for i := range 40 {
		name := fmt.Sprintf("%s/%02d", dir, i)
		if err := os.WriteFile(name, randomBytes(byte(i), cluster), 0o600); err != nil {
			t.Fatal(err)
		}
		put = append(put, name)
		if i%2 == 0 {
			remove = append(remove, fmt.Sprintf("::/%02d", i))
		}
	}
	testtool.Run(t, "", "mcopy", append(put, "::/")...)
	testtool.Run(t, "", "mdel", remove...)
}

// TestBundle has a file with several keys and certificates, behind some words.
func TestBundle(t *testing.T) {
	v := newFAT(t, "fat16")
	var content []byte
	for i := range 3 {
		content = append(append(content, fmt.Sprintf("Bag %d\n", i)...), rsaPEM(i)...)
		content = append(content, certPEM("Factory", true, rsaKeys()[i])...)
	}
	v.put("/bundle.txt", content)
	drive := v.bytes()
	r := scanned(t, inMemory(drive))
	keys, certs := r.find(rules.PrivateKey, "/bundle.txt", ""), r.find(rules.Certificate, "/bundle.txt", "")
	if len(keys) != 3 || len(certs) != 3 || len(r.Findings) != 6 {
		t.Fatalf("%+v", r.Findings)
	}
	for i, f := range keys {
		at := bytes.Index(content, fmt.Appendf(nil, "Bag %d\n", i)) + 6
		if f.Offset != int64(where(t, drive, content)) || !strings.HasSuffix(f.Hint, fmt.Sprintf(", from byte %d of the file", at)) {
			t.Errorf("%+v", f)
		}
	}
}

func TestSlack(t *testing.T) {
	v := newFAT(t, "fat16")
	v.put("/short.txt", []byte("short"))
	drive := v.bytes()
	at := bytes.Index(drive, []byte("short\x00")) + 300
	copy(drive[at:], ecPEM(ecKey()))
	if f := only(t, scanned(t, inMemory(drive))); f.State != Unallocated || f.Path != "" || f.Offset != int64(at) {
		t.Errorf("%+v", f)
	}
}

// TestReused has a deleted archive whose clusters went to another file, with a
// key in it that is not the archive's.
func TestReused(t *testing.T) {
	v := newFAT(t, "fat16")
	v.mkdir("/d")
	v.put("/certificates-omni_north.zip", zipOf(t, 0, zipFile{"key", ecPEM(ecKey())}))
	v.remove("/certificates-omni_north.zip")
	key := rsaPEM(0)
	v.put("/d/other.pem", append(key, randomBytes(1, 3000)...))
	drive := v.bytes()
	r := scanned(t, inMemory(drive))
	if len(r.Findings) != 2 {
		t.Errorf("%+v", r.Findings)
	}
	want{rules.Archive, "/certificates-omni_north.zip", "", Deleted, bytes.Index(drive, []byte("\xE5ERTIF~1ZIP")) - 3*fatSlot, Critical, "north, content overwritten"}.check(t, r)
	want{rules.PrivateKey, "/d/other.pem", "", Live, where(t, drive, key), Critical, ""}.check(t, r)
}

// TestRenamed has an archive that was renamed: the slots of its old name are left,
// and its clusters are those of the new one.
func TestRenamed(t *testing.T) {
	testtool.Need(t, "mren")
	const oldName, newName = "certificates-omni_e.zip", "certificates-omni_e (1) as of Tuesday.zip"
	v := newFAT(t, "fat32")
	v.put("/"+oldName, zipOf(t, 8, zipFile{"notes", []byte("?")}))
	v.put("/next.txt", []byte("stands behind"))
	testtool.Run(t, "", "mren", "-i", v.path, "::/"+oldName, "::/"+newName)
	drive := v.bytes()
	if bytes.Count(drive, []byte(fatArchiveSlot)) != 2 {
		t.Fatal("the old name is not left")
	}
	r := scanned(t, inMemory(drive))
	if f := only(t, r); f.Path != "/"+newName || f.State != Live || !strings.Contains(f.Hint, "nothing was recognised") {
		t.Errorf("%+v", f)
	}
	if len(r.Appliance) != 1 {
		t.Errorf("%+v", r.Appliance)
	}
}

// TestRenamedAway has an archive whose new name says nothing.
func TestRenamedAway(t *testing.T) {
	testtool.Need(t, "mren")
	v := newFAT(t, "fat16")
	v.put("/certificates-omni_e.zip", zipOf(t, 8, zipFile{"key", ecPEM(ecKey())}))
	v.put("/next.txt", []byte("stands behind"))
	testtool.Run(t, "", "mren", "-i", v.path, "::/certificates-omni_e.zip", "::/what I got from the installer last Tuesday.zip")
	r := scanned(t, inMemory(v.bytes()))
	if len(r.Findings) != 2 || r.Findings[0].State != Live || r.Findings[1].State != Live || len(r.Appliance) != 1 {
		t.Errorf("%+v, appliance %+v", r.Findings, r.Appliance)
	}
}

// TestContained has an ID in an ARN: that is one item.
func TestContained(t *testing.T) {
	id := deviceID()
	arn := "arn:aws:panorama:eu-west-1:210987654321:device/" + id
	thing := "arn:aws:iot:eu-west-1:210987654321:thing/panorama_here_Thing_0123abcd"
	r := scanned(t, inMemory([]byte(arn+" "+thing)))
	if len(r.Findings) != 2 || r.Findings[0].Rule != "panorama-arn" || r.Findings[1].Rule != "thing-arn" {
		t.Errorf("%+v", r.Findings)
	}
	if fmt.Sprint(r.Appliance) != fmt.Sprint([]Appliance{{"", id, fromText}, {"here", "", fromText}}) {
		t.Errorf("%+v", r.Appliance)
	}
}

// archiveName is the device's name in an archive's.
func archiveName(name string, deleted bool) (device string, ok bool) {
	return rules.Builtin().Get(rules.Archive).MatchName(rules.Named{Path: "/" + name, Deleted: deleted})
}

func TestArchiveNames(t *testing.T) {
	for name, device := range map[string]string{
		"certificates-omni_site7.zip":                            "site7",
		"CERTIFICATES-OMNI_SITE_7-B.ZIP":                         "SITE_7-B",
		"certificates-omni_site7 (1).zip":                        "site7",
		"certificates-omni_site7(2).zip":                         "site7",
		"certificates-omni_site7 - Copy.zip":                     "site7",
		"certificates-omni_site7.zip.crdownload":                 "site7",
		"certificates-omni_site7.zip.part":                       "site7",
		"._certificates-omni_site7.zip":                          "site7",
		"certificates-omni_.zip":                                 "",
		"certificates-omni_" + strings.Repeat("n", 200) + ".zip": strings.Repeat("n", 200),
	} {
		if got, ok := archiveName(name, false); !ok || got != device {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"certificates-omni_site7.txt", "my-certificates-omni_site7.zip", "certificates-deeplens_x.zip", "certificates-omni.zip", "certificates.zip", "certificates-omni_a\nb.zip"} {
		if device, ok := archiveName(name, true); ok {
			t.Errorf("%q: %q", name, device)
		}
	}
}

// TestCutName has deleted long names of which the last slots are gone.
func TestCutName(t *testing.T) {
	for name, device := range map[string]string{
		"certificates-omni_north.zi": "north", "certificates-omni_northern": "", "certificates-omni_north (1).zip.crdownl": "north",
	} {
		if got, ok := archiveName(name, true); !ok || got != device {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
		if _, ok := archiveName(name, false); ok {
			t.Errorf("%q is a whole name", name)
		}
	}
	v := newFAT(t, "fat16")
	v.put("/certificates-omni_north.zip", zipOf(t, 0, zipFile{"key", ecPEM(ecKey())}))
	v.remove("/certificates-omni_north.zip")
	v.put("/NEW.TXT", []byte("takes the first slot"))
	r := scanned(t, inMemory(v.bytes()))
	if len(r.Findings) != 2 || !strings.HasPrefix(r.Findings[0].Path, "/certificates-omni_north.z") || r.Findings[0].Rule != rules.Archive || r.Appliance[0].DeviceName != "north" {
		t.Errorf("%+v", r.Findings)
	}
}

// TestShortName has a deleted archive of which only the short name is left, and
// one that is another's: the content tells them apart.
func TestShortName(t *testing.T) {
	v := newFAT(t, "fat16")
	v.put("/CERTIF~1.ZIP", zipOf(t, 8, zipFile{"key", ecPEM(ecKey())}))
	v.put("/CERTIF~2.ZIP", zipOf(t, 8, zipFile{"readme", []byte("?")}))
	v.remove("/CERTIF~1.ZIP")
	v.remove("/CERTIF~2.ZIP")
	r := scanned(t, inMemory(v.bytes()))
	if len(r.find(rules.Archive, "/_ERTIF~1.ZIP", "")) != 1 || len(r.find(rules.PrivateKey, "/_ERTIF~1.ZIP", "key")) != 1 || len(r.Findings) != 2 {
		t.Errorf("%+v", r.Findings)
	}
}

// TestQuickFormat formats a used volume anew: what the new file system does not
// tell of is still there.
func TestQuickFormat(t *testing.T) {
	v := newFAT(t, "fat32")
	v.mkdir("/backup")
	archive := zipOf(t, 8, zipFile{"readme", []byte("x")}, zipFile{"key", rsaPEM(0)})
	v.put("/backup/certificates-omni_west-4.zip", archive)
	testtool.Run(t, "", "mkfs.vfat", append(volumeSizes["fat32"].options, "--invariant", v.path)...)
	drive := v.bytes()
	r := scanned(t, inMemory(drive))
	slot := bytes.Index(drive, []byte(fatArchiveSlot)) - 1 - 2*fatSlot
	at := where(t, drive, archive)
	for _, w := range []want{
		{rules.Archive, "", "", Unallocated, at, Critical, "ZIP archive, with private key"},
		{rules.PrivateKey, "", "key", Unallocated, at + header(t, archive, "key"), Critical, ""},
		{rules.ArchiveName, "", "", Unallocated, slot, Medium, ""},
	} {
		w.check(t, r)
	}
	if r.Partitions[0].Label != "" {
		t.Errorf("label %q", r.Partitions[0].Label)
	}
	if len(r.Findings) != 3 || fmt.Sprint(r.Appliance) != fmt.Sprint([]Appliance{{"west-4", "", fromArchiveName}}) {
		t.Errorf("%+v, appliance %+v", r.Findings, r.Appliance)
	}
}

func TestEgressFolder(t *testing.T) {
	v := newFAT(t, "fat12")
	v.mkdir("/PANORAMA")
	v.mkdir("/PANORAMA/managed_logs")
	f := only(t, scanned(t, inMemory(v.bytes())))
	if f.Rule != rules.ManagedLogs || f.Path != "/PANORAMA/managed_logs" || f.State != Live {
		t.Errorf("%+v", f)
	}
}

// TestSectors4096 has an image of a drive with large sectors; the image itself
// says nothing of them.
func TestSectors4096(t *testing.T) {
	v := newFAT(t, "fat32")
	testtool.Run(t, "", "truncate", "-s", "300M", v.path)
	testtool.Run(t, "", "mkfs.vfat", "-F", "32", "-S", "4096", "--invariant", v.path)
	v.put("/a.key", ecPEM(ecKey()))
	drive := blocktest.NewFake(302<<20, 512, blocktest.Faults{})
	drive.Poke(v.bytes(), 1<<20)
	drive.Poke(mbrOf4096(), 0)
	r := scanned(t, drive)
	if f := only(t, r); f.Path != "/a.key" || f.State != Live {
		t.Errorf("%+v", f)
	}
	if len(r.Partitions) != 1 || r.Partitions[0].Offset != 1<<20 {
		t.Errorf("%+v", r.Partitions)
	}
}

// mbrOf4096 is an MBR with one partition at 1 MiB, in sectors of 4096 bytes.
func mbrOf4096() []byte {
	b := make([]byte, 512)
	copy(b[446:], []byte{0, 0, 0, 0, 0x0C, 0, 0, 0, 0, 1, 0, 0, 0, 0x2C, 1, 0})
	b[510], b[511] = 0x55, 0xAA
	return b
}

func TestUnreadable(t *testing.T) {
	key := ecPEM(ecKey())
	bad := block.Extents{{Offset: 5<<20 + 512, Length: 512}, {Offset: 11 << 20, Length: 1 << 20}}
	drive := blocktest.NewFake(16<<20, 512, blocktest.Faults{ReadErrors: bad})
	r := scanned(t, drive)
	if r.Verdict != Incomplete || len(r.Findings) != 0 {
		t.Errorf("verdict %s, %+v", r.Verdict, r.Findings)
	}
	if fmt.Sprint(r.Coverage.Unreadable) != fmt.Sprint(bad) || r.Coverage.BytesRead != 16<<20-512-1<<20 {
		t.Errorf("coverage %+v", r.Coverage)
	}
	// What lies beside bad sectors is found.
	drive.Poke(key, 5<<20+1024)
	drive.Poke(key, 5<<20+512-int64(len(key)))
	r = scanned(t, drive)
	if r.Verdict != Leftovers || len(r.Findings) != 2 || r.Findings[1].Offset != 5<<20+1024 {
		t.Errorf("verdict %s, %+v", r.Verdict, r.Findings)
	}
	if n := drive.Counts().Refused; n != 0 {
		t.Errorf("%d requests broke the contract", n)
	}
}

// TestVanished has a drive that is pulled: the scan ends, and says what it did
// not see.
func TestVanished(t *testing.T) {
	drive := blocktest.NewFake(64<<20, 4096, blocktest.Faults{VanishAfter: 20 << 20})
	r, err := Run(context.Background(), drive, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Incomplete || r.Coverage.BytesRead+r.Coverage.Unreadable.Bytes() != 64<<20 || r.Coverage.BytesRead > 20<<20 {
		t.Errorf("verdict %s, coverage %+v", r.Verdict, r.Coverage)
	}
	gone := blocktest.NewFake(1<<20, 512, blocktest.Faults{ReadErrors: blocktest.Everything(0)})
	if r, err = Run(context.Background(), gone, Options{}); err != nil || r.Verdict != Incomplete || r.Coverage.BytesRead != 0 {
		t.Errorf("verdict %s, coverage %+v, %v", r.Verdict, r.Coverage, err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	drive := blocktest.NewFake(256<<20, 512, blocktest.Faults{Before: func(r blocktest.Request) error {
		if r.Extent.Offset > 64<<20 && r.Extent.Length >= chunkBytes {
			cancel()
		}
		return nil
	}})
	drive.Poke(ecPEM(ecKey()), 0)
	r, err := Run(ctx, drive, Options{})
	if err != context.Canceled || r.Verdict != Incomplete || r.Coverage.BytesRead >= 256<<20 {
		t.Errorf("verdict %s, coverage %+v, error %v", r.Verdict, r.Coverage, err)
	}
	only(t, r)
	if r, err = Run(ctx, drive, Options{}); err != context.Canceled || r.Verdict != Incomplete {
		t.Errorf("cancelled before: verdict %s, error %v", r.Verdict, err)
	}
}

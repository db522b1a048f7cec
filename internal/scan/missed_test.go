package scan

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestNothingIsMissed has what a scan once passed over without a word. Each drive
// must be told as dirty, or as not looked at in full.
func TestNothingIsMissed(t *testing.T) {
	sample := append([]byte("device-abcdxmplabcdabcdabcdabcdab \n"), randomBytes(4, 2<<20)...)
	longMember := infoZip(t, []string{"-0"}, zipFile{"log.txt", append(sample, "\n"+deviceID()+"\n"...)})
	lzma := zipOf(t, 8, zipFile{"private.pem", rsaPEM(0)})
	lzma[8] = 14
	answer := `{"Certificates":"` + base64.StdEncoding.EncodeToString(zipOf(t, 8, zipFile{"private.pem", rsaPEM(0)})) + `"}`
	images := newFAT(t, "fat16")
	images.mkdir("/panorama")
	images.mkdir("/panorama/managed_logs")
	images.put("/panorama/managed_logs/panorama_device_log_v1_01_02_03.img", randomBytes(1, 3000))
	guide := newFAT(t, "fat16")
	guide.put("/certificates-omni_my-appliance.zip", randomBytes(1, 30))
	guideBytes := guide.bytes()
	for name, content := range map[string][]byte{
		"an archive that the window of another cuts":    gzipOfGzip(t),
		"an ID behind the first MiB of a stored member": longMember,
		"a method that is not read":                     lzma,
		"an archive in base64 in UTF-16":                []byte("\xFF\xFE" + widened(answer) + "\x00"),
		"an old directory with images only":             lastDirectory(images.bytes()),
		"a slot with a name from the guide":             guideBytes[bytes.Index(guideBytes, []byte(fatArchiveSlot))&^511:][:1024],
		"an ID in an ARN with a sample account":         []byte("arn:aws:panorama:us-east-1:123456789012:device/" + deviceID() + "\n"),
		"a user whose name ends as a sample's":          []byte("rtsp://poweruser:pass@10.0.0.7/stream"),
	} {
		drive := make([]byte, 4<<20)
		copy(drive[4096:], content)
		if r := scanned(t, inMemory(drive)); r.Verdict == Clean {
			t.Errorf("%s: clean, %+v", name, r.Findings)
		}
	}
}

// gzipOfGzip is a key behind 2 MB in gzip, in gzip.
func gzipOfGzip(t *testing.T) []byte {
	t.Helper()
	var inner, outer bytes.Buffer
	inner.WriteString("\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03")
	w, err := flate.NewWriter(&inner, flate.HuffmanOnly)
	if err != nil {
		t.Fatal(err)
	}
	g := gzip.NewWriter(&outer)
	_, err1 := w.Write(append(bytes.Repeat([]byte("a line of a log that says nothing\n"), 60_000), rsaPEM(0)...))
	_, err2 := g.Write(append(make([]byte, 1000), inner.Bytes()...))
	for _, err := range []error{err1, w.Close(), err2, g.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return outer.Bytes()
}

// lastDirectory is the last sectors of a volume that begin a directory.
func lastDirectory(volume []byte) []byte {
	return volume[bytes.LastIndex(volume, []byte(".          \x10")):][:1024]
}

// TestNoFalseAlarm has what was once taken for a leftover and is none.
func TestNoFalseAlarm(t *testing.T) {
	logs := newFAT(t, "fat16")
	logs.mkdir("/backup")
	logs.put("/backup/kern.log", []byte("hello"))
	logs.put("/backup/syslog.log", []byte("hello"))
	for name, drive := range map[string][]byte{
		"a store of trusted certificates": trustStore(140),
		"logs of some computer":           logs.bytes(),
		"the model of the API": []byte(`{"NetworkPayload":{"members":{"Ethernet0":{"shape":"EthernetPayload"},"Ethernet1":{"shape":"EthernetPayload"}}},` +
			`"EthernetPayload":{"members":{"ConnectionType":{"shape":"ConnectionType"},"StaticIpConnectionInfo":{"shape":"StaticIpConnectionInfo"}}}}`),
		"the start of a key in a program": append([]byte("\x30\x2E\x02\x01\x00\x30\x05\x06\x03+en\x04\x22\x04\x20\x00\x00\x00\x00"), randomBytes(1, 60)...),
		"endpoints of documentation":      []byte("greengrass-ats.iot.us-gov-west-1.amazonaws.com abc123defghijk-ats.iot.us-east-1.amazonaws.com"),
	} {
		if r := scanned(t, inMemory(drive)); r.Verdict != Clean {
			t.Errorf("%s: %s %+v", name, r.Verdict, r.Findings)
		}
	}
}

// trustStore is a Java key store of certificates that are trusted.
func trustStore(entries int) []byte {
	b := binary.BigEndian.AppendUint32([]byte("\xFE\xED\xFE\xED\x00\x00\x00\x02"), uint32(entries))
	for i := range entries {
		b = fmt.Appendf(binary.BigEndian.AppendUint32(b, 2), "\x00\x04a%03d%s\x00\x05X.509", i, make([]byte, 8))
		b = append(binary.BigEndian.AppendUint32(b, 700), randomBytes(byte(i), 700)...)
	}
	return append(b, make([]byte, 20)...)
}

// TestAdviceOnWhatIsLow: what opens nothing asks for nothing, whatever is advised
// on what counts.
func TestAdviceOnWhatIsLow(t *testing.T) {
	store := trustStore(3)
	if f := only(t, scanned(t, inMemory(store))); f.Severity != Low || f.Rule != rules.KeyStore || f.Advice != nothingToDo {
		t.Errorf("%+v", f)
	}
	store[15] = 1 // its first entry holds a key
	if f := only(t, scanned(t, inMemory(store))); f.Severity != High || !strings.HasPrefix(f.Advice, "Take the keys in it for known") {
		t.Errorf("%+v", f)
	}
	own, err := rules.Parse([]byte("[[rule]]\nid = 'own'\nclass = 'credential'\nseverity = 'low'\nwhat = 'ours'\nadvice = 'Ask.'\ntext = ['BADGE']\npattern = 'BADGE'\n"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.With(own)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), inMemory([]byte("a BADGE")), Options{Rules: set})
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Advice != "Ask." {
		t.Errorf("what is low by its rule keeps the rule's advice: %+v, %v", r.Findings, err)
	}
}

// TestSecondPassword has two networks, of which the first is open.
func TestSecondPassword(t *testing.T) {
	const networks = `{"Wifi": {"Primary": {"Ssid": "guest", "PassCode": "", "SecurityType": "OPEN"}, "Secondary": {"Ssid": "plant", "PassCode": "s3cretpass"}}}`
	if f := only(t, scanned(t, inMemory([]byte(networks)))); f.Severity != High || !strings.Contains(f.Hint, "with a Wi-Fi password") {
		t.Errorf("%+v", f)
	}
}

// TestCrowd has more twins of macOS than are listed, in front of an archive.
func TestCrowd(t *testing.T) {
	v, dir := newFAT(t, "fat32"), t.TempDir()
	v.mkdir("/a")
	for i := range maxNamed + 50 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("._%04d", i)), []byte{1}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testtool.Run(t, dir, "sh", "-c", "mcopy -i "+v.path+" ._* ::/a")
	v.mkdir("/b")
	v.put("/b/certificates-omni_site.zip", []byte("?"))
	if r := scanned(t, inMemory(v.bytes())); r.Verdict != Leftovers || !slices.Contains(r.Coverage.Limits, limitMore) {
		t.Errorf("%s, limits %q", r.Verdict, r.Coverage.Limits)
	}
}

// TestFullRulesRestAlike has authorities behind more certificates than are kept:
// no pace of a worker may decide which of them are told.
func TestFullRulesRestAlike(t *testing.T) {
	unit := make([]byte, 1024)
	copy(unit, certPEM("x", false, ecKey()))
	authority := make([]byte, 8192)
	copy(authority, certPEM("root", true, ecKey()))
	drive := append(bytes.Repeat(unit, 4096), bytes.Repeat(append(bytes.Repeat(unit, 8), authority...), 1500)...)
	first := ""
	for range 4 {
		r, err := Run(context.Background(), inMemory(drive), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = encoded(t, r)
		}
		if encoded(t, r) != first {
			t.Fatal("runs differ")
		}
	}
}

// TestInputIsBounded has DEFLATE that gives nothing: block after empty block, and
// a header in each sector from which on it can be read.
func TestInputIsBounded(t *testing.T) {
	head := zipOf(t, 8, zipFile{"k", []byte("x")})[:31]
	head[6] |= 8
	clear(head[14:26])
	unit := append(bytes.Clone(head), bytes.Repeat([]byte{0, 0, 0, 0xFF, 0xFF}, 80)...)
	// A stored block takes the next header in.
	left := 512 - len(unit) - 5 + len(head)
	unit = append(unit, 0, byte(left), 0, ^byte(left), 0xFF)
	unit = append(unit, make([]byte, 512-len(unit))...)
	r := scanned(t, inMemory(bytes.Repeat(unit, 8192)))
	if r.Verdict != Incomplete || !slices.Contains(r.Coverage.Limits, limitInflated) {
		t.Errorf("%s, limits %q", r.Verdict, r.Coverage.Limits)
	}
}

// TestLyingHeader has the start of a key that claims the place of a true one.
func TestLyingHeader(t *testing.T) {
	drive := make([]byte, 64<<10)
	copy(drive[1000:], "\x30\x82\x7F\x00\x02\x01\x00\x30\x0D\x06\x09*\x86H\x86\xF7\x0D\x01\x01\x01\x05\x00\x04\x82\x7E\xE0"+string(randomBytes(1, 60)))
	block, _ := pem.Decode(pkcs8PEM(ecKey()))
	copy(drive[5000:], block.Bytes)
	r := scanned(t, inMemory(drive))
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Offset == 5000 && strings.Contains(f.Hint, "EC P-256") }) {
		t.Errorf("%+v", r.Findings)
	}
}

// TestProgramsInArchives has a key among many members: it is told, and the archive
// is not taken for that of an appliance. With network configuration it is.
func TestProgramsInArchives(t *testing.T) {
	var files []zipFile
	for i := range fewMembers + 10 {
		files = append(files, zipFile{fmt.Sprintf("src/%d.go", i), []byte("package x")})
	}
	for _, method := range []uint16{0, 8} {
		r := scanned(t, inMemory(zipOf(t, method, append(files, zipFile{"test.key", rsaPEM(0)})...)))
		if len(r.find(rules.Archive, "", "")) > 0 || len(r.find(rules.PrivateKey, "", "test.key")) != 1 {
			t.Errorf("method %d: %+v", method, r.Findings)
		}
		r = scanned(t, inMemory(zipOf(t, method, append(files, zipFile{"test.key", rsaPEM(0)}, zipFile{"network.json", networkJSON()})...)))
		if len(r.find(rules.Archive, "", "")) != 1 {
			t.Errorf("method %d, with network configuration: %+v", method, r.Findings)
		}
		r = scanned(t, inMemory(zipOf(t, method, append(files[:5:5], zipFile{"test.key", rsaPEM(0)})...)))
		if len(r.find(rules.Archive, "", "")) != 1 {
			t.Errorf("method %d, among a few: %+v", method, r.Findings)
		}
	}
}

// TestEncryptedOverExt has a volume that was encrypted where ext was before, whose
// superblock is left behind the first sector: it is not looked into, and that is
// said.
func TestEncryptedOverExt(t *testing.T) {
	testtool.Need(t, "mke2fs")
	path := testtool.Image(t, 4<<20)
	testtool.Run(t, "", "mke2fs", "-q", "-t", "ext2", path)
	drive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(drive, "LUKS\xBA\xBE\x00\x01")
	r := scanned(t, inMemory(drive))
	if r.Verdict != Incomplete || r.Partitions[0].FileSystem != "luks" {
		t.Errorf("%s, %+v", r.Verdict, r.Partitions)
	}
}

package scan

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRun scans a small used drive with two places patched.
func FuzzRun(f *testing.F) {
	base := smallDrive(f)
	f.Add(uint32(0), []byte{}, uint32(0), []byte{})
	f.Add(uint32(510), []byte{0x55, 0xAA}, uint32(450), []byte{0x0C, 0, 0, 0, 1, 0, 0, 0, 255})
	f.Add(uint32(512), []byte{0xF8, 0xFF, 0xFF, 3, 0x40, 0, 5, 0x60, 0}, uint32(2048), []byte("PK\x03\x04"))
	f.Add(uint32(30000), []byte("-----BEGIN PRIVATE KEY-----\nMIG"), uint32(40000), []byte(`{"Wifi":{"PassCode":"x"}}`))
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, at2 uint32, patch2 []byte) {
		drive := inMemory(base)
		copy(drive.Bytes()[int(at)%len(base):], patch)
		copy(drive.Bytes()[int(at2)%len(base):], patch2)
		r, err := Run(context.Background(), drive, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range r.Findings {
			checkFinding(t, finding, int64(len(base)))
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		noLeak(t, string(text))
	})
}

func checkFinding(t *testing.T, f Finding, size int64) {
	t.Helper()
	if f.Offset < 0 || f.Offset > size || f.Length < 0 || f.ID == "" || f.Rule == "" || f.Hint == "" {
		t.Errorf("%+v", f)
	}
	if (f.State == Unallocated) != (f.Path == "") || !utf8.ValidString(f.Path+f.Member+f.Hint) {
		t.Errorf("%+v", f)
	}
}

// smallDrive is a FAT12 volume of 64 kB with leftovers; only the leftovers where
// the programs that make it are missing.
func smallDrive(f *testing.F) []byte {
	f.Helper()
	dir := f.TempDir()
	image := filepath.Join(dir, "image")
	content := filepath.Join(dir, "content")
	var archive bytes.Buffer
	archive.Write([]byte("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x01\x00\x00\x10\x01\x00\x00\x03\x00\x00\x00key"))
	archive.Write(ecPEM(ecKey()))
	archive.Write(networkJSON())
	if err := os.WriteFile(image, make([]byte, 64<<10), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(content, archive.Bytes(), 0o600); err != nil {
		f.Fatal(err)
	}
	for _, args := range [][]string{
		{"mkfs.vfat", "-F", "12", "-s", "1", "-r", "32", "--invariant", image},
		{"mcopy", "-i", image, content, "::/certificates-omni_fuzz.zip"},
		{"mmd", "-i", image, "::/panorama"},
		{"mcopy", "-i", image, content, "::/panorama/occ.log"},
		{"mcopy", "-i", image, content, "::/gone.zip"},
		{"mdel", "-i", image, "::/gone.zip"},
	} {
		if err := exec.Command(args[0], args[1:]...).Run(); err != nil {
			f.Logf("NOT RUN: %s: %v; fuzzing without a file system", args[0], err)
			break
		}
	}
	base, err := os.ReadFile(image)
	if err != nil {
		f.Fatal(err)
	}
	copy(base[50<<10:], archive.Bytes())
	copy(base[60<<10:], logLines(5, deviceID()))
	return base
}

// FuzzPEM reads blocks from any text.
func FuzzPEM(f *testing.F) {
	f.Add(rsaPEM(0))
	f.Add(ecPEM(ecKey()))
	f.Add(opensshKey("none"))
	f.Add(certPEM("x", true, ecKey()))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: x\\n\\nAAAA\\/\\\\n=-----END RSA PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, ok := parseArmor(text); ok && (a.length > len(text) || len(a.der) > len(text) || a.label == "") {
			t.Errorf("armor of %d bytes with %d from %d", a.length, len(a.der), len(text))
		}
		lookedAt(t, text)
	})
}

// FuzzContent looks into any bytes, as they are on a drive.
func FuzzContent(f *testing.F) {
	key, _ := pem.Decode(rsaPEM(0))
	ec, _ := pem.Decode(pkcs8PEM(ecKey()))
	store := "\x30\x82\x04\x00\x02\x01\x03\x30\x82\x03\x00\x06\x09*\x86H\x86\xF7\x0D\x01\x07\x01"
	slots := "\x42.\x00z\x00i\x00p\x00\x00\x00\x0F\x00x" + strings.Repeat("\xFF", 18) + "\x01c\x00e\x00r\x00t\x00i\x00\x0F\x00xf\x00i\x00c\x00a\x00t\x00e\x00\x00\x00s\x00-\x00CERTIF~1ZIP\x20"
	for _, seed := range [][]byte{
		key.Bytes, ec.Bytes, []byte(base64.StdEncoding.EncodeToString(ec.Bytes)), []byte(base64.StdEncoding.EncodeToString(rsaPEM(0))),
		[]byte(widened(string(rsaPEM(0)))), []byte("\xFE\xFF\x00" + widened("certificates-omni_a.zip AKIA"+strings.Repeat("A2", 8))),
		[]byte(store), []byte("\xFE\xED\xFE\xED\x00\x00\x00\x02\x00\x00\x00\x01"), []byte(slots),
		[]byte(".          \x10" + strings.Repeat("\x00", 20) + "..         \x10" + strings.Repeat("\x00", 20) + "OCC     LOG\x20" + strings.Repeat("\x00", 20)),
		[]byte("\x1F\x8B\x08\x08\x00\x00\x00\x00\x00\x03name\x00\x4B\x04\x00"), []byte("{\"Certificates\":\"UEsDBBQAAAAIAAAAIQ"),
		[]byte("rtsp://u:p@camera/ a1b2c3d4e5f6g7-ats.iot.us-east-1.amazonaws.com -----END RSA PRIVATE KEY-----"),
	} {
		f.Add(seed)
	}
	for _, text := range leftoverTexts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, s := range lookedAt(t, content) {
			if s.offset < 0 || s.offset > int64(len(content)) || s.length < 0 || s.hint == "" && s.lines == 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}

// FuzzBins reads what bins note.
func FuzzBins(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x05\x00\x00\x00E\x00:\x00\\\x00a\x00\x00\x00"))
	f.Add([]byte("[Trash Info]\nPath=a%20b/c.zip\nDeletionDate=2024-01-01T00:00:00\n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		if windows, linux := windowsNote(note), linuxNote(note); len(windows) > 2*len(note) || len(linux) > len(note) {
			t.Errorf("%q %q", windows, linux)
		}
	})
}

// FuzzZip follows archives from any bytes.
func FuzzZip(f *testing.F) {
	files := []zipFile{{"a", []byte("first")}, {"key", ecPEM(ecKey())}}
	for _, method := range []uint16{0, 8} {
		var b bytes.Buffer
		writeZip(f, &b, method, files)
		f.Add(b.Bytes(), uint16(0))
		f.Add(b.Bytes()[:b.Len()-30], uint16(40))
	}
	f.Fuzz(func(t *testing.T, content []byte, pos uint16) {
		v := &view{file: noFile, size: int64(len(content)), loaded: content}
		at := int64(pos) % (v.size + 1)
		if start, end := archiveAround(v, at); start < 0 || start > at || end < at || end > v.size {
			t.Errorf("archive in [%d, %d) around %d, of %d", start, end, at, v.size)
		}
		for _, s := range lookedAt(t, content) {
			if s.member != nil && (s.member.last() < s.member.pos || s.member.last() > v.size) {
				t.Errorf("member in [%d, %d) of %d", s.member.pos, s.member.last(), v.size)
			}
		}
	})
}

package main

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// planted is one item that was put on an image with other people's tools.
type planted struct {
	name   string // for messages
	rule   string // prefix of the rule that must name it; empty for any
	state  string
	path   string // in the file system; empty for residue
	member string
	offset int64
	needle []byte // bytes that must be gone afterwards
	secret string // part of it that no output and no record may hold
}

type inspection struct {
	Verdict  string `json:"verdict"`
	Findings []struct {
		Rule, State, Path, Member string
		OffsetBytes               int64
	} `json:"findings"`
}

// TestImagesOfOtherTools makes a stick with mkfs.vfat, mtools and dd, and lets
// grep, fsck.vfat and mtools judge what sanitize made of it.
func TestImagesOfOtherTools(t *testing.T) {
	testtool.Need(t, "mkfs.vfat", "mcopy", "mdel", "mmd", "dd", "grep", "fsck.vfat", "mdir")
	for _, c := range []struct {
		name  string
		mbMiB int64
		args  []string
	}{
		{"fat32", 80, []string{"-F", "32"}},
		{"fat16", 40, []string{"-F", "16"}},
		{"fat12", 8, []string{"-F", "12"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			image, state := filepath.Join(dir, "stick.img"), filepath.Join(dir, "state")
			items := plantWithOtherTools(t, dir, image, c.mbMiB<<20, c.args)
			document := panoscrub(t, state, 3, "inspect", "--json", image)
			found := unmarshal[inspection](t, document)
			requireNoSecrets(t, items, "the inspection", append(document, panoscrub(t, state, 3, "inspect", image)...))
			for _, item := range items {
				if !slices.ContainsFunc(found.Findings, func(f struct {
					Rule, State, Path, Member string
					OffsetBytes               int64
				},
				) bool {
					return strings.HasPrefix(f.Rule, item.rule) && f.State == item.state && f.Path == item.path && f.Member == item.member && f.OffsetBytes == item.offset
				}) {
					t.Errorf("%s was not found as planted: %s %q %q at %d", item.name, item.state, item.path, item.member, item.offset)
				}
			}
			if t.Failed() {
				t.Fatalf("found: %+v", found.Findings)
			}
			out := panoscrub(t, state, 0, "sanitize", image, "--appliance", appliance, "--yes", "--json")
			if !bytes.Contains(out, []byte(`"verdict": "PASS"`)) {
				t.Fatalf("no PASS: %s", out)
			}
			requireNoSecrets(t, items, "the result", out)
			requireNoSecrets(t, items, "the record", payloadOf(t, onlyRecord(t, state)))
			for _, item := range items {
				requireGone(t, image, item)
			}
			panoscrub(t, state, 0, "inspect", image)
			judgeVolume(t, image)
			panoscrub(t, state, 6, "verify", onlyRecord(t, state), "--drive", image) // judgeVolume left a file
		})
	}
}

// plantWithOtherTools makes the image and says what was planted, and where.
func plantWithOtherTools(t *testing.T, dir, image string, size int64, mkfs []string) []planted {
	const start = 1 << 20
	key, network, archive := somePrivateKey(t), someNetworkConfiguration(), ""
	archive = filepath.Join(dir, "certificates-omni_plant-4.zip")
	writeArchive(t, archive, key, network)
	deletedKey := somePrivateKey(t)
	residueKey := somePrivateKey(t)
	deletedFile := writeTemp(t, dir, "private.pem", deletedKey)
	logFile := writeTemp(t, dir, "occ.log", []byte(strings.Repeat("2026-03-02 10:11:12.345 INFO provisionDevice(118) starting provisioning of device\n", 50)))

	if err := os.WriteFile(image, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	writeMBR(t, image, start, size-start)
	testtool.Run(t, "", "mkfs.vfat", append(mkfs, "--offset", strconv.Itoa(start/512), "-n", "STICK", image, strconv.FormatInt((size-start)/1024, 10))...)
	at := fmt.Sprintf("%s@@%d", image, start)
	testtool.Run(t, "", "mmd", "-i", at, "::panorama")
	testtool.Run(t, "", "mcopy", "-i", at, archive, "::")
	testtool.Run(t, "", "mcopy", "-i", at, logFile, "::panorama/occ.log")
	testtool.Run(t, "", "mcopy", "-i", at, deletedFile, "::private.pem")
	testtool.Run(t, "", "mdel", "-i", at, "::private.pem")
	residueFile := writeTemp(t, dir, "residue", residueKey)
	residueAt := size - 700_001 // odd on purpose
	testtool.Run(t, "", "dd", "if="+residueFile, "of="+image, "bs=1", "seek="+strconv.FormatInt(residueAt, 10), "conv=notrunc", "status=none")

	raw, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	archiveBytes, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	where := func(needle []byte) int64 {
		i := bytes.Index(raw, needle)
		if i < 0 {
			t.Fatal("what was planted is not on the image")
		}
		return int64(i)
	}
	header := func(member string) int64 {
		i := bytes.Index(archiveBytes, []byte(member))
		return where(archiveBytes) + int64(i) - 30
	}
	body := func(key []byte) []byte { return key[200:264] }
	line := func(key []byte) string { return string(key[110:150]) }
	_, passCode, _ := bytes.Cut(network, []byte(`"PassCode":"`))
	// A deleted short name has lost its first letter.
	return []planted{
		{"archive", "", "live", "/certificates-omni_plant-4.zip", "", where(archiveBytes), archiveBytes[:64], "PRIVATE KEY-----"},
		{"stored key", "private-key", "live", "/certificates-omni_plant-4.zip", "keys/device.key", header("keys/device.key"), body(key), line(key)},
		{"deflated configuration", "network", "live", "/certificates-omni_plant-4.zip", "network.json", header("network.json"), archiveBytes[header("network.json")-where(archiveBytes)+60:][:32], string(passCode[:20])},
		{"log", "", "live", "/panorama/occ.log", "", where([]byte("2026-03-02 10:11:12.345")), []byte("provisionDevice(118) starting"), "provisionDevice(118)"},
		{"deleted key", "private-key", "deleted", "/_rivate.pem", "", where(deletedKey), body(deletedKey), line(deletedKey)},
		{"key in free space", "private-key", "unallocated", "", "", residueAt, body(residueKey), line(residueKey)},
	}
}

func requireNoSecrets(t *testing.T, items []planted, what string, data []byte) {
	t.Helper()
	for _, item := range items {
		if bytes.Contains(data, []byte(item.secret)) {
			t.Errorf("%s holds part of the %s", what, item.name)
		}
	}
}

// payloadOf is what a record says.
func payloadOf(t *testing.T, record string) []byte {
	t.Helper()
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(unmarshal[struct{ Payload string }](t, data).Payload)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// requireGone lets grep look for a planted byte string on the raw image.
func requireGone(t *testing.T, image string, item planted) {
	t.Helper()
	var pattern strings.Builder
	for _, b := range item.needle {
		fmt.Fprintf(&pattern, `\x%02x`, b)
	}
	err := exec.Command("grep", "-c", "-a", "-P", pattern.String(), image).Run()
	if code := exitCodeOf(t, err); code != 1 {
		t.Errorf("%s is still on the image, or grep failed: exit code %d", item.name, code)
	}
}

// judgeVolume lets fsck.vfat check the volume, and mtools list and write it.
func judgeVolume(t *testing.T, image string) {
	t.Helper()
	const start = 1 << 20
	volume := filepath.Join(t.TempDir(), "volume")
	testtool.Run(t, "", "dd", "if="+image, "of="+volume, "bs=1M", "skip=1", "status=none")
	testtool.Run(t, "", "fsck.vfat", "-n", "-v", volume)
	at := fmt.Sprintf("%s@@%d", image, start)
	if out := testtool.Run(t, "", "mdir", "-i", at, "::"); !strings.Contains(out, "PANORAMA") {
		t.Errorf("mdir does not show the label:\n%s", out)
	}
	file := writeTemp(t, t.TempDir(), "hello.txt", []byte("hello"))
	testtool.Run(t, "", "mcopy", "-i", at, file, "::hello.txt")
	if out := testtool.Run(t, "", "mtype", "-i", at, "::hello.txt"); out != "hello" {
		t.Errorf("mtools read back %q", out)
	}
}

// TestNothingOnFreshAndRandom: no false alarm on a new, empty file system, nor
// on random bytes; the long test takes a whole gigabyte of them.
func TestNothingOnFreshAndRandom(t *testing.T) {
	testtool.Need(t, "mkfs.vfat")
	dir := t.TempDir()
	for _, bits := range []string{"12", "16", "32"} {
		image := filepath.Join(dir, "fresh"+bits)
		if err := os.WriteFile(image, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(image, map[string]int64{"12": 4 << 20, "16": 64 << 20, "32": 256 << 20}[bits]); err != nil {
			t.Fatal(err)
		}
		testtool.Run(t, "", "mkfs.vfat", "-F", bits, image)
		panoscrub(t, filepath.Join(dir, "state"), 0, "inspect", image)
	}
	size := "64M"
	if os.Getenv("PANOSCRUB_SWEEP") != "" {
		size = "1G"
	}
	random := filepath.Join(dir, "random")
	testtool.Run(t, "", "sh", "-c", "head -c "+size+" /dev/urandom >"+random)
	panoscrub(t, filepath.Join(dir, "state"), 0, "inspect", random)
}

func somePrivateKey(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func someNetworkConfiguration() []byte {
	return []byte(`{"Ethernet0":{"ConnectionType":"STATIC_IP","StaticIpConnectionInfo":{"IpAddress":"192.0.2.9","Mask":"255.255.255.0","DefaultGateway":"192.0.2.1","Dns":["192.0.2.53"]}},` +
		`"Wifi":{"Primary":{"Ssid":"floor","PassCode":"` + rand.Text() + `","SecurityType":"WPA2PSK"}}}`)
}

func writeArchive(t *testing.T, path string, key, network []byte) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range []struct {
		name   string
		method uint16
		data   []byte
	}{{"keys/device.key", zip.Store, key}, {"network.json", zip.Deflate, network}} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeTemp(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeMBR puts one FAT partition into an otherwise empty first sector.
func writeMBR(t *testing.T, image string, start, size int64) {
	t.Helper()
	sector := make([]byte, 512)
	entry := sector[446:]
	entry[4] = 0x0c
	for i := range 4 {
		entry[8+i] = byte(start / 512 >> (8 * i))
		entry[12+i] = byte(size / 512 >> (8 * i))
	}
	sector[510], sector[511] = 0x55, 0xaa
	f, err := os.OpenFile(image, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(sector, 0); err != nil {
		t.Fatal(err)
	}
}

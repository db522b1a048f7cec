package scan

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// want is one finding that must be there, exactly once.
type want struct {
	rule, path, member string
	state              State
	offset             int
	severity           Severity
	hint               string // part of it
}

func (w want) check(t *testing.T, r Report) {
	t.Helper()
	found := r.find(w.rule, w.path, w.member)
	if w.path == "" && w.member == "" || len(found) > 1 {
		var at []Finding
		for _, f := range found {
			if f.Offset == int64(w.offset) {
				at = append(at, f)
			}
		}
		found = at
	}
	name := fmt.Sprintf("%s %q %q", w.rule, w.path, w.member)
	if len(found) != 1 {
		t.Errorf("%s: %d findings, want one at %d", name, len(found), w.offset)
		return
	}
	f := found[0]
	if f.State != w.state || f.Offset != int64(w.offset) || w.severity != "" && f.Severity != w.severity || !strings.Contains(f.Hint, w.hint) {
		t.Errorf("%s: got %s at %d, %s, %q; want %s at %d, %s, %q", name, f.State, f.Offset, f.Severity, f.Hint, w.state, w.offset, w.severity, w.hint)
	}
}

// where is the only place of a needle in the haystack.
func where(t *testing.T, haystack, needle []byte) int {
	t.Helper()
	at := bytes.Index(haystack, needle)
	if at < 0 || bytes.Contains(haystack[at+1:], needle) {
		t.Fatalf("what was planted is not on the drive exactly once (first at %d)", at)
	}
	return at
}

// header is where the local header of a member stands in an archive.
func header(t *testing.T, archive []byte, name string) int {
	t.Helper()
	at := bytes.Index(archive, []byte(name)) - zipLocalBytes
	if at < 0 || !bytes.HasPrefix(archive[at:], []byte(zipLocal)) {
		t.Fatalf("no local header for %s", name)
	}
	return at
}

// TestPlanted plants one of each kind on drives that others' tools made.
func TestPlanted(t *testing.T) {
	for _, kind := range []string{"fat12", "fat16", "fat32"} {
		for _, scheme := range []string{"none", "mbr", "gpt"} {
			t.Run(kind+" "+scheme, func(t *testing.T) { testPlanted(t, kind, scheme) })
		}
	}
}

func testPlanted(t *testing.T, kind, scheme string) {
	live, old, thing := deviceID(), deviceID(), "panorama_site7_Thing_0badcafe"
	key, cert, ca := rsaPEM(0), certPEM("AWS IoT Certificate", false, rsaKeys()[0]), certPEM("Example Root", true, ecKey())
	archive := infoZip(t, nil, zipFile{"keys/private.pem", key}, zipFile{"keys/device.pem.crt", cert}, zipFile{"network.json", networkJSON()}, zipFile{"AmazonRootCA1.pem", ca})
	stored := infoZip(t, []string{"-0"}, zipFile{"readme.txt", []byte("nothing")}, zipFile{"a.key", ecPEM(ecKey())}, zipFile{"network.json", networkJSON()})
	loose, deleted, free := pkcs8PEM(ecKey()), rsaPEM(1), rsaPEM(2)
	log := logLines(300, live)
	image := randomBytes(9, 3000)
	net := networkJSON()
	oldLog := logLines(40, old)

	v := newFAT(t, kind)
	v.mkdir("/panorama")
	v.mkdir("/panorama/managed_logs")
	v.mkdir("/keys")
	v.put("/certificates-omni_site7.zip", archive)
	v.put("/keys/a long name for a key.txt", loose)
	v.put("/panorama/occ.log", log)
	v.put("/panorama/syslog.log", []byte("kernel: usb device-mapper\n"))
	v.put("/panorama/managed_logs/panorama_device_log_v1_01_02_03.img", image)
	v.put("/keys/net.json", net)
	v.put("/keys/thing.txt", []byte("name "+thing+"\n"))
	v.put("/bundle.pem", bytes.Repeat(ca, 3))
	v.put("/readme.md", []byte("# Keys\nA key starts with\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC...\n-----END RSA PRIVATE KEY-----\nand panorama is a word.\n"))
	v.put("/keys/gone.pem", deleted)
	v.put("/certificates-omni_old-site.zip", stored)
	v.put("/filler", randomBytes(1, 40000))
	v.remove("/keys/gone.pem")
	v.remove("/certificates-omni_old-site.zip")
	volume := v.bytes()
	copy(volume[len(volume)-40001:], free)
	copy(volume[len(volume)-20480:], oldLog)

	drive, start := onDrive(t, volume, scheme)
	r := scanned(t, inMemory(drive))
	if r.Verdict != Leftovers || len(r.Coverage.Limits) != 0 || r.Coverage.BytesRead != int64(len(drive)) {
		t.Errorf("verdict %s, coverage %+v", r.Verdict, r.Coverage)
	}
	if len(r.Partitions) != 1 || r.Partitions[0].Offset != start || r.Partitions[0].FileSystem != kind || r.Partitions[0].Label != "STICK" {
		t.Errorf("partitions %+v", r.Partitions)
	}
	const name, oldName = "/certificates-omni_site7.zip", "/certificates-omni_old-site.zip"
	at, oldAt := where(t, drive, archive), where(t, drive, stored)
	logAt := where(t, drive, log)
	wants := []want{
		{rules.Archive, name, "", Live, at, Critical, "device site7, with private key, certificate"},
		{rules.PrivateKey, name, "keys/private.pem", Live, at + header(t, archive, "keys/private.pem"), Critical, fmt.Sprintf("RSA 2048-bit private key, %d bytes", len(key))},
		{rules.Certificate, name, "keys/device.pem.crt", Live, at + header(t, archive, "keys/device.pem.crt"), Medium, "certificate, subject CN=AWS IoT Certificate"},
		{rules.Network, name, "network.json", Live, at + header(t, archive, "network.json"), High, "Wi-Fi and an SSH password"},
		{rules.Authority, name, "AmazonRootCA1.pem", Live, at + header(t, archive, "AmazonRootCA1.pem"), Low, "of an authority, subject CN=Example Root"},
		{rules.Authority, "/bundle.pem", "", Live, where(t, drive, bytes.Repeat(ca, 3)), Low, "and 2 more"},
		{rules.Archive, oldName, "", Deleted, oldAt, Critical, "device old-site, with private key, network"},
		{rules.PrivateKey, oldName, "a.key", Deleted, oldAt + header(t, stored, "a.key"), Critical, "EC P-256 private key"},
		{rules.Network, oldName, "network.json", Deleted, oldAt + header(t, stored, "network.json"), High, ""},
		{rules.PrivateKey, "/keys/a long name for a key.txt", "", Live, where(t, drive, loose), Critical, "EC P-256 private key"},
		// Its long name would have kept the first letter.
		{rules.PrivateKey, "/keys/_one.pem", "", Deleted, where(t, drive, deleted), Critical, "RSA 2048-bit private key"},
		{rules.PrivateKey, "", "", Unallocated, where(t, drive, free), Critical, "RSA 2048-bit private key"},
		{rules.Network, "/keys/net.json", "", Live, where(t, drive, net), High, ""},
		{rules.ProvisionLog, "/panorama/occ.log", "", Live, logAt, Medium, "log from provisioning"},
		{rules.ProvisionLog, "/panorama/syslog.log", "", Live, where(t, drive, []byte("kernel: usb device-mapper")), Medium, ""},
		{rules.ProvisionLog, "", "", Unallocated, where(t, drive, oldLog), Medium, "41 lines"},
		{rules.EgressImage, "/panorama/managed_logs/panorama_device_log_v1_01_02_03.img", "", Live, where(t, drive, image), Medium, ""},
		{"device-id", "/panorama/occ.log", "", Live, logAt, Medium, ""},
		{"device-id", "", "", Unallocated, where(t, drive, []byte(old)), Medium, ""},
		{"thing-name", "/keys/thing.txt", "", Live, where(t, drive, []byte("name "+thing)), Medium, ""},
	}
	for _, w := range wants {
		w.check(t, r)
	}
	if len(r.Findings) != len(wants) {
		t.Errorf("%d findings, want %d", len(r.Findings), len(wants))
		for _, f := range r.Findings {
			t.Logf("%+v", f)
		}
	}
	wantAppliances := []Appliance{
		{"old-site", "", fromArchiveName},
		{"site7", "", fromArchiveName},
		{"", min(live, old), fromLog},
		{"", max(live, old), fromLog},
		{"site7", "", fromText},
	}
	if fmt.Sprint(r.Appliance) != fmt.Sprint(wantAppliances) {
		t.Errorf("appliance %+v, want %+v", r.Appliance, wantAppliances)
	}
}

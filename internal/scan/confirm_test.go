package scan

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// lookedAt is what the confirmers are sure of in content, as a drive.
func lookedAt(t *testing.T, content []byte) []sighting {
	t.Helper()
	set := builtinRuleset()
	c := newChecker(set, newCollector(set.Rules))
	c.look(&view{file: noFile, size: int64(len(content)), loaded: content}, 0, len(content))
	for _, s := range c.found.list {
		noLeak(t, s.hint)
	}
	return c.found.list
}

// seen writes sightings as "rule offset+length severity hint", one a line.
func seen(found []sighting) string {
	var b strings.Builder
	for _, s := range found {
		fmt.Fprintf(&b, "%s %d+%d %s\n", s.rule.ID, s.offset, s.length, s.hint)
	}
	return b.String()
}

func TestKeys(t *testing.T) {
	rsa := string(rsaPEM(0))
	block, _ := pem.Decode([]byte(rsa))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 old keys look so
	sealed, err := x509.EncryptPEMBlock(rand.Reader, block.Type, block.Bytes, []byte("word"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	escaped, err := json.Marshal(map[string]string{"key": rsa})
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(escaped))
	if err != nil {
		t.Fatal(err)
	}
	oneLine := pemBegin + "RSA PRIVATE KEY-----" + base64.StdEncoding.EncodeToString(block.Bytes) + "-----END RSA PRIVATE KEY-----"
	lines := strings.Split(strings.TrimSpace(rsa), "\n")
	whole := func(n int) string { return fmt.Sprintf("RSA 2048-bit private key, %d bytes", n) }
	n := len(rsa)
	for _, c := range []struct {
		name, content, hint string
		offset              int
	}{
		{"line feeds", rsa, whole(n), 0},
		{"in the middle of text", "Bag Attributes\n" + rsa + "tail", whole(n), 15},
		{"carriage returns and line feeds", strings.ReplaceAll(rsa, "\n", "\r\n"), whole(n + len(lines)), 0},
		{"carriage returns", strings.ReplaceAll(rsa, "\n", "\r"), whole(n - 1), 0},
		{"blanks at line ends", strings.ReplaceAll(rsa, "\n", " \t\n"), "RSA 2048-bit", 0},
		{"indented", "key: |\n    " + strings.ReplaceAll(rsa, "\n", "\n    "), "RSA 2048-bit", 11},
		{"one line", oneLine, "RSA 2048-bit", 0},
		{"in JSON", string(escaped), "RSA 2048-bit", 8},
		{"in JSON in JSON", string(twice), "RSA 2048-bit", 12},
		{"in JSON with escaped slashes", strings.ReplaceAll(string(escaped), "/", `\/`), "RSA 2048-bit", 8},
		{"as a C literal", `"` + strings.Join(lines, "\\n\"\n  \"") + `\n";`, "RSA 2048-bit", 1},
		{"cut short", rsa[:700], "RSA private key, 700 bytes, cut short", 0},
		{"cut in the second line", rsa[:100], "RSA private key, 100 bytes, cut short", 0},
		{"overwritten behind", rsa[:700] + strings.Repeat("\x00", 900), "RSA private key, 700 bytes, cut short", 0},
		{"damaged", rsa[:200] + "AAAA" + rsa[200:], "RSA private key, ", 0},
		{"PKCS #8", string(pkcs8PEM(rsaKeys()[1])), "RSA 2048-bit private key", 0},
		{"EC", string(ecPEM(ecKey())), "EC P-256 private key, 227 bytes", 0},
		{"EC behind its parameters", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + string(ecPEM(ecKey())), "EC P-256", 75},
		{"Ed25519", string(pkcs8PEM(edKey)), "Ed25519 private key", 0},
		{"DSA", string(armored("DSA PRIVATE KEY", append([]byte{0x30, 0x81, 0xF0, 2, 1, 0, 2}, randomBytes(2, 0xEC)...))), "DSA private key", 0},
		{"encrypted PKCS #8", string(armored("ENCRYPTED PRIVATE KEY", append([]byte{0x30, 0x81, 0xF0, 0x30, 0x57}, randomBytes(3, 0xEE)...))), "encrypted private key", 0},
		{"encrypted by OpenSSL of old", string(pem.EncodeToMemory(sealed)), "encrypted RSA private key", 0},
		{"OpenSSH", string(opensshKey("none")), "OpenSSH ssh-ed25519 private key", 0},
		{"OpenSSH, encrypted", string(opensshKey("aes256-ctr")), "encrypted OpenSSH ssh-ed25519 private key", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := lookedAt(t, []byte(c.content))
			if len(found) != 1 || found[0].rule.ID != rules.PrivateKey || found[0].offset != int64(c.offset) || !strings.HasPrefix(found[0].hint, c.hint) || found[0].sample {
				t.Errorf("got %q; want a key at %d, %q", seen(found), c.offset, c.hint)
			}
			if encrypted := strings.HasPrefix(c.hint, "encrypted"); len(found) == 1 && encrypted != (found[0].severity == High) {
				t.Errorf("severity %q", found[0].severity)
			}
		})
	}
}

// opensshKey has the open part of OpenSSH's format right, and noise behind it.
func opensshKey(cipher string) []byte {
	field := func(b []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	b := []byte("openssh-key-v1\x00")
	b = field(field(field(b, cipher), "none"), "")
	b = binary.BigEndian.AppendUint32(b, 1)
	b = field(b, string(field(field(nil, "ssh-ed25519"), strings.Repeat("P", 32))))
	return armored("OPENSSH PRIVATE KEY", field(b, string(randomBytes(4, 136))))
}

// TestNoKeys has what looks like a key and is none.
func TestNoKeys(t *testing.T) {
	public, err := x509.MarshalPKIXPublicKey(rsaKeys()[0].Public())
	if err != nil {
		t.Fatal(err)
	}
	random := base64.StdEncoding.EncodeToString(randomBytes(5, 900))
	for name, content := range map[string]string{
		"documentation":       "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75...\n-----END RSA PRIVATE KEY-----\n",
		"words for a key":     "-----BEGIN PRIVATE KEY-----\n(your key here)\n-----END PRIVATE KEY-----\n",
		"source code":         `if strings.HasPrefix(s, "-----BEGIN RSA PRIVATE KEY-----") { return errors.New("a key") }`,
		"source code, twice":  `"-----BEGIN RSA PRIVATE KEY-----" "-----END RSA PRIVATE KEY-----"`,
		"crosses":             "-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("x", 64) + "\n-----END RSA PRIVATE KEY-----\n",
		"random base64":       "-----BEGIN PRIVATE KEY-----\n" + random + "\n-----END PRIVATE KEY-----\n",
		"public key":          string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"SSH public key":      "ssh-rsa " + base64.StdEncoding.EncodeToString(public) + " user@host\n",
		"certificate request": "-----BEGIN CERTIFICATE REQUEST-----\n" + base64.StdEncoding.EncodeToString(public) + "\n-----END CERTIFICATE REQUEST-----\n",
		"no end of label":     "-----BEGIN RSA PRIVATE KEY" + random,
		"no label":            "-----BEGIN -----\n" + random,
		"empty":               "-----BEGIN ",
	} {
		want := ""
		if name == "public key" || name == "certificate request" {
			want = fmt.Sprintf("public-key 0+%d %s\n", len(content), name)
		}
		if found := lookedAt(t, []byte(content)); seen(found) != want {
			t.Errorf("%s: got %q", name, seen(found))
		}
	}
}

func TestSampleKey(t *testing.T) {
	found := lookedAt(t, []byte("-----BEGIN RSA PRIVATE KEY-----\nMIICiTCCAfICCQD6m7oRw0uXOjANBgkqhkiG9w0BAQUFADCBiDELMAkG\nA1UEBhMCVVMxCzAJBgNVBAgTAldBMRAwDgYDEXAMPLE=\n-----END RSA PRIVATE KEY-----\n"))
	if len(found) != 1 || !found[0].sample {
		t.Errorf("got %q; want one sample", seen(found))
	}
	// A key that parses is real, whatever its text happens to say: this one has
	// an attribute behind the key itself (RFC 5958 §2) that reads EXAMPLE.
	word, err := base64.RawStdEncoding.DecodeString("EXAMPLEE")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ecKey())
	if err != nil {
		t.Fatal(err)
	}
	const header = 3 // 30 81 and a length
	for pad := range 3 {
		value := append(make([]byte, pad), word...)
		longer := append(append(bytes.Clone(der), 0xA0, byte(len(value))), value...)
		longer[2] = byte(len(longer) - header)
		found := lookedAt(t, armored("PRIVATE KEY", longer))
		if a, _ := parseArmor(armored("PRIVATE KEY", longer)); a.sample {
			if len(found) != 1 || found[0].sample {
				t.Errorf("got %q; want one that is no sample", seen(found))
			}
			return
		}
	}
	t.Error("no key says EXAMPLE")
}

func TestCertificates(t *testing.T) {
	key := ecKey()
	device := string(certPEM("AWS IoT Certificate", false, key))
	for _, c := range []struct {
		name, content string
		rule          string
		severity      Severity
		hint          string
	}{
		{"device", device, rules.Certificate, "", "certificate, subject CN=AWS IoT Certificate"},
		{"device in JSON", strings.ReplaceAll(device, "\n", `\n`), rules.Certificate, "", "certificate, subject CN=AWS IoT Certificate"},
		{"device that calls itself an authority", string(certPEM("AWS IoT Certificate", true, key)), rules.Certificate, "", "certificate, subject CN=AWS IoT Certificate"},
		{"authority", string(certPEM("Some Root", true, key)), rules.Authority, "", "certificate of an authority, subject CN=Some Root"},
		{"without a subject", string(certPEM("", false, key)), rules.Certificate, "", "certificate without a subject"},
		{"cut behind the subject", device[:len(device)*3/4], rules.Certificate, "", "cut short"},
		{"cut", string(certPEM("thing", false, key))[:300], rules.Certificate, Low, "certificate, 300 bytes, cut short"},
		{"hostile name", string(certPEM("a\x1b[31m\u202eb", false, key)), rules.Certificate, "", `certificate, subject CN=a\x1b[31m\u202eb`},
	} {
		found := lookedAt(t, []byte(c.content))
		if len(found) != 1 || found[0].rule.ID != c.rule || found[0].severity != c.severity || !strings.Contains(found[0].hint, c.hint) {
			t.Errorf("%s: got %q", c.name, seen(found))
		}
	}
	for name, content := range map[string]string{
		"documentation": "-----BEGIN CERTIFICATE-----\nMIID...\n-----END CERTIFICATE-----\n",
		"random":        "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(randomBytes(6, 500)) + "\n-----END CERTIFICATE-----\n",
	} {
		if found := lookedAt(t, []byte(content)); len(found) != 0 {
			t.Errorf("%s: got %q", name, seen(found))
		}
	}
}

func TestNetwork(t *testing.T) {
	full := string(networkJSON())
	const dhcp = `{"Ethernet0":{"ConnectionType":"DHCP"},"Ethernet1":{"ConnectionType":"DHCP"}}`
	length := len(strings.TrimSpace(full))
	for _, c := range []struct {
		name, content, hint string
		severity            Severity
		offset, length      int
	}{
		{"full", full, "network configuration with a Wi-Fi and an SSH password", High, 0, length},
		{"in residue", "\x00\x00noise}{" + "\x01" + full + "\x00", "network configuration with a Wi-Fi and an SSH password", High, 10, length},
		{"DHCP only", dhcp, "network configuration without passwords", "", 0, len(dhcp)},
		{"Wi-Fi only", `{"Wifi":{"Primary":{"Ssid":"x","PassCode":"yyyyyyyy"}}}`, "network configuration with a Wi-Fi password", High, 0, 55},
		{"open Wi-Fi", `{"Wifi":{"Primary":{"Ssid":"x","PassCode":"","SecurityType":"OPEN"}}}`, "network configuration without passwords", "", 0, 69},
		{"SSH only", `{"Ssh":{"Enable":true,"User":{"Username":"x","Password":"y"}}}`, "network configuration with an SSH password", High, 0, 62},
		{"in another document", `{"Name":"d","NetworkingConfiguration":` + dhcp + `}`, "without passwords", "", 0, len(dhcp) + 39},
		{"escaped", `"` + strings.ReplaceAll(dhcp, `"`, `\"`) + `"`, "without passwords", "", 1, len(strings.ReplaceAll(dhcp, `"`, `\"`)) + 1},
		{"cut short", full[:200], "without passwords", "", 0, 200},
		{"cut in a password", full[:300], "with a Wi-Fi password", High, 0, 300},
		{"without its start", full[2:], "with a Wi-Fi and an SSH password", High, 2, len(full) - 4},
	} {
		found := lookedAt(t, []byte(c.content))
		ok := len(found) == 1 && found[0].rule.ID == rules.Network && found[0].severity == c.severity && strings.Contains(found[0].hint, c.hint) && found[0].offset == int64(c.offset)
		if !ok || c.length > 0 && found[0].length != int64(c.length) {
			t.Errorf("%s: got %q", c.name, seen(found))
		}
	}
	for name, content := range map[string]string{
		"one key":         `{"PassCode":"x"}`,
		"keys as values":  `["Ethernet0","Ethernet1","PassCode"]`,
		"other documents": `{"Ethernet0":{}}` + "\x00" + `{"Ethernet0":{}}`,
		"words":           `the "Ethernet0" port and the "Wifi" card`,
	} {
		if found := lookedAt(t, []byte(content)); len(found) != 0 {
			t.Errorf("%s: got %q", name, seen(found))
		}
	}
}

func TestLogLines(t *testing.T) {
	line := "2023-02-14 11:53:09.240 WARN loadApplicationGraph(338) no graph\n"
	for _, c := range []struct {
		name, content string
		want          []string // offset and lines
	}{
		{"one line", line, []string{"0 1"}},
		{"three lines", line + line + line, []string{"0 3"}},
		{"a trace between lines", line + strings.Repeat("  at x\n", 100) + line, []string{"0 2"}},
		{"two logs", line + strings.Repeat("\x00", 8192) + line, []string{"0 1", fmt.Sprint(8192+len(line), " 1")}},
		{"behind zeros", "\x00\x00" + line, []string{"2 1"}},
		{"all levels", strings.ReplaceAll(line, "WARN", "DEBUG") + strings.ReplaceAll(line, "WARN", "FATAL"), []string{"0 2"}},
		{"no caller", "2023-02-14 11:53:09.240 WARN no graph\n", nil},
		{"another time", "2023-02-14T11:53:09.240 WARN loadApplicationGraph(338) no graph\n", nil},
		{"in a line", "> " + line, nil},
		{"cut", line[5:], nil},
	} {
		var got []string
		for _, s := range lookedAt(t, []byte(c.content)) {
			if s.rule.ID == rules.ProvisionLog {
				got = append(got, fmt.Sprint(s.offset, " ", s.lines))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	id := deviceID()
	arn := "arn:aws:panorama:eu-west-1:210987654321:device/" + id
	thing := "panorama_my-site_Thing_01abcdef"
	thingARN := "arn:aws:iot:eu-west-1:210987654321:thing/" + thing
	for _, c := range []struct {
		content string
		want    string
		names   Appliance
		sample  bool
	}{
		{"id " + id + ".", "device-id 3+33 device ID\n", Appliance{DeviceID: id}, false},
		{id, "device-id 0+33 device ID\n", Appliance{DeviceID: id}, false},
		{id + "-12", "device-id 0+33 device ID\n", Appliance{DeviceID: id}, false},
		{"device-4tafxmplhtmzabv5lsacba4ere", "device-id 0+33 device ID\n", Appliance{DeviceID: "device-4tafxmplhtmzabv5lsacba4ere"}, true},
		{"PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: site\r\n", "other-private-key 0+53 private key of PuTTY or PGP\n", Appliance{}, false},
		{"it begins with PuTTY-User-Key-File-3: and goes on", "", Appliance{}, false},
		{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n...", "", Appliance{}, false},
		{"x" + id, "", Appliance{}, false},
		{id + "x", "", Appliance{}, false},
		{id[:32], "", Appliance{}, false},
		{"device-mapper: ioctl: 4.45.0-ioctl", "", Appliance{}, false},
		{strings.ToUpper(id), "", Appliance{}, false},
		{"/" + thing + "/", "thing-name 1+31 name of the appliance in AWS IoT\n", Appliance{DeviceName: "my-site"}, false},
		{"panorama_my-appliance_Thing_a01e373b", "thing-name 0+36 name of the appliance in AWS IoT\n", Appliance{DeviceName: "my-appliance"}, true},
		{"panorama_x_Thing_01abcde", "", Appliance{}, false},
		{"a_Thing_01abcdef", "", Appliance{}, false},
		{"arn:aws:s3:::panorama/device/x :panorama: and :thing/", "", Appliance{}, false},
		{"the panorama of the Alps, panorama.jpg, /panorama/", "", Appliance{}, false},
	} {
		found := lookedAt(t, []byte(c.content))
		if got := seen(found); got != c.want {
			t.Errorf("%q: got %q, want %q", c.content, got, c.want)
		} else if len(found) == 1 && (found[0].names != c.names || found[0].sample != c.sample) {
			t.Errorf("%q: got %+v, sample %v", c.content, found[0].names, found[0].sample)
		}
	}
	// Parts of an ARN are seen and left to join.
	for _, c := range []struct{ content, rule, value string }{
		{"<" + arn + ">", "panorama-arn", arn},
		{"<" + thingARN + ">", "thing-arn", thingARN},
		{"arn:aws-cn:panorama:eu-west-1:210987654321:applicationInstance/applicationInstance-x", "panorama-arn", "arn:aws-cn:panorama:eu-west-1:210987654321:applicationInstance/applicationInstance-x"},
	} {
		found := false
		for _, s := range lookedAt(t, []byte(c.content)) {
			found = found || s.rule.ID == c.rule && s.value == c.value && !s.sample
		}
		if !found {
			t.Errorf("%q: no %s", c.content, c.rule)
		}
	}
}

func TestMembers(t *testing.T) {
	key, net := rsaPEM(0), networkJSON()
	files := []zipFile{{"notes.txt", []byte("nothing of note")}, {"k/private.pem", key}, {"network.json", net}}
	deflated, plain := infoZip(t, nil, files...), infoZip(t, []string{"-0"}, files...)
	streamed, streamedPlain := zipOf(t, 8, files...), zipOf(t, 0, files...)
	cut := func(b []byte, at int) []byte { return b[:at] }
	central := bytes.Index(deflated, []byte(zipCentral))
	for _, c := range []struct {
		name    string
		content []byte
		members []string
	}{
		{"deflated", deflated, []string{"k/private.pem", "network.json"}},
		{"stored", plain, []string{"k/private.pem", "network.json"}},
		{"deflated, sizes behind", streamed, []string{"k/private.pem", "network.json"}},
		{"stored, sizes behind", streamedPlain, []string{"k/private.pem", "network.json"}},
		{"behind other bytes", append([]byte("junk"), deflated...), []string{"k/private.pem", "network.json"}},
		{"no central directory", cut(deflated, central), []string{"k/private.pem", "network.json"}},
		{"cut in the key", cut(deflated, header(t, deflated, "k/private.pem")+600), []string{"k/private.pem"}},
		{"no first header", append(make([]byte, 40), deflated[40:]...), []string{"k/private.pem", "network.json"}},
		{"nested", zipOf(t, 8, zipFile{"inner.zip", deflated}), []string{"inner.zip/k/private.pem", "inner.zip/network.json"}},
		{"central directory only", deflated[central:], nil},
	} {
		got := map[string]bool{}
		for _, s := range lookedAt(t, c.content) {
			if s.member != nil {
				got[s.member.name] = true
			}
		}
		if len(got) != len(c.members) {
			t.Errorf("%s: got %v", c.name, got)
		}
		for _, m := range c.members {
			if !got[m] {
				t.Errorf("%s: nothing in %s", c.name, m)
			}
		}
	}
}

// TestMemberPlaces checks where members and archives begin and end, for each way
// in which an archive may say so.
func TestMemberPlaces(t *testing.T) {
	files := []zipFile{{"a.txt", []byte("first")}, {"key", ecPEM(ecKey())}, {"z.txt", []byte("last")}}
	for name, archive := range map[string][]byte{
		"deflated": infoZip(t, nil, files...), "stored": infoZip(t, []string{"-0"}, files...),
		"streamed": zipOf(t, 8, files...), "streamed, stored": zipOf(t, 0, files...),
	} {
		drive := append(append(randomBytes(7, 1000), archive...), randomBytes(8, 1000)...)
		v := &view{file: noFile, size: int64(len(drive)), loaded: drive}
		at := int64(1000 + header(t, archive, "key"))
		if start, end := archiveAround(v, at); start != 1000 || end != int64(1000+len(archive)) {
			t.Errorf("%s: archive in [%d, %d), want [1000, %d)", name, start, end, 1000+len(archive))
		}
		central := 1000 + bytes.Index(archive, []byte(zipCentral))
		v = &view{file: noFile, size: int64(central), loaded: drive[:central]}
		if start, end := archiveAround(v, at); start != 1000 || end != int64(central) {
			t.Errorf("%s without its directory: archive in [%d, %d), want [1000, %d)", name, start, end, central)
		}
	}
}

// TestSizesInBothPlaces has members whose sizes stand both in front of and behind
// the data, as some writers have it, with and without a signature.
func TestSizesInBothPlaces(t *testing.T) {
	files := []zipFile{{"a.txt", []byte("first")}, {"key", ecPEM(ecKey())}, {"z.txt", []byte("last")}}
	archive := zipOf(t, 0, files...)
	for _, f := range files {
		at := header(t, archive, f.name)
		binary.LittleEndian.PutUint32(archive[at+18:], uint32(len(f.content)))
		binary.LittleEndian.PutUint32(archive[at+22:], uint32(len(f.content)))
	}
	unsigned := bytes.ReplaceAll(archive, []byte(zipDescriptor), nil)
	for name, content := range map[string][]byte{"signed": archive, "unsigned": unsigned} {
		content = content[:bytes.Index(content, []byte(zipCentral))]
		v := &view{file: noFile, size: int64(len(content)), loaded: content}
		if start, _ := archiveAround(v, int64(header(t, content, "z.txt"))); start != 0 {
			t.Errorf("%s: archive from %d", name, start)
		}
	}
}

// TestKeyTails has the ends of keys whose start is gone.
func TestKeyTails(t *testing.T) {
	whole := string(rsaPEM(0))
	tail := whole[len(whole)/2:]
	tail = tail[strings.Index(tail, "\n")+1:]
	for _, c := range []struct {
		name, content string
		want          string
	}{
		{"lines", "\x00\x01" + tail, fmt.Sprintf("private-key 2+%d end of a private key, whose start is gone\n", len(tail)-1)},
		{"escaped", strings.ReplaceAll(tail, "\n", `\n`), fmt.Sprintf("private-key 0+%d end of a private key, whose start is gone\n", len(tail)-2+strings.Count(tail, "\n"))},
		{"encrypted", strings.Replace(tail, "RSA", "ENCRYPTED", 1), fmt.Sprintf("private-key 0+%d end of an encrypted private key, whose start is gone\n", len(tail)+5)},
		{"words", "the line -----END RSA PRIVATE KEY----- closes it", ""},
		{"one word repeated", strings.Repeat("x", 200) + "\n-----END RSA PRIVATE KEY-----", ""},
		{"too short", tail[len(tail)-90:], ""},
		{"a certificate's", strings.ReplaceAll(tail, "RSA PRIVATE KEY", "CERTIFICATE"), ""},
		{"behind a dash", "\x00-" + tail, fmt.Sprintf("private-key 2+%d end of a private key, whose start is gone\n", len(tail)-1)},
		{"behind a colon", "y:" + tail, fmt.Sprintf("private-key 2+%d end of a private key, whose start is gone\n", len(tail)-1)},
		{"behind a start that is none", "-----BEGIN RSA PRIVATE KEY-----\n" + tail, ""},
	} {
		if got := seen(lookedAt(t, []byte(c.content))); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

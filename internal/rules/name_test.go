package rules

import (
	"strings"
	"testing"
)

// TestMatch judges names by the built-in rules.
func TestMatch(t *testing.T) {
	live, deleted, folder := Named{}, Named{Deleted: true}, Named{Folder: true}
	for _, c := range []struct {
		path         string
		like         Named
		rule, device string
	}{
		{"/certificates-omni_site7.zip", live, Archive, "site7"},
		{"/CERTIFICATES-OMNI_SITE7.ZIP", live, Archive, "SITE7"},
		{"/certificateſ-omni_ſite7.zip", live, Archive, "ſite7"}, // RE2 takes the long s for an s
		{"/deep/er/certificates-omni_site-7 (2).zip", live, Archive, "site-7"},
		{"/._certificates-omni_site7.zip", live, Archive, "site7"},
		{"/certificates-omni_site7.zip.crdownload", deleted, Archive, "site7"},
		{"/certificates-omni_site7.zip", folder, "", ""},
		{"/certificates-omni_site7.zip/x", live, "", ""},
		{"/certificates-omni_site7.txt", live, "", ""},
		{"/xcertificates-omni_site7.zip", live, "", ""},
		// A deleted name may be cut after 13 or 15 characters, or twice as many.
		{"/certificates-omni_site7.zi", deleted, Archive, "site7"},
		{"/certificates-omni_site7_longer", deleted, Archive, ""},
		{"/certificates-omni_site7.zi", live, "", ""},
		{"/certificates-omni_site7.z", deleted, "", ""},
		{"/panorama/occ.log", live, ProvisionLog, ""},
		{"/PANORAMA/OTA_AG~1.LOG", live, ProvisionLog, ""},
		{"/_anorama/_ern.log.3", deleted, ProvisionLog, ""},
		{"/?/occ.log", deleted, ProvisionLog, ""},
		{"/?/syslog.log", deleted, "", ""},
		{"/other/panorama/occ.log", live, "", ""},
		{"/panorama/occ.log", folder, "", ""},
		{"/panorama/managed_logs", folder, ManagedLogs, ""},
		{"/panorama/managed_logs", live, "", ""},
		{"/x/panorama_device_log_v1_01_02_03.img", live, EgressImage, ""},
		{"/._notes.txt", live, "host-litter", ""},
		{"/_notes.txt", live, "", ""},
		{"/$RECYCLE.BIN", folder, "host-litter", ""},
		{"/keys/id_ed25519", live, "key-file", ""},
		{"/keys/xid_ed25519", live, "", ""},
		{"/keys/store.P12", live, "key-file", ""},
		{"/0123456789.private.key", live, "iot-device-files", ""},
		{"/user-data", live, "machine-setup", ""},
		{"/home/user-data", live, "", ""},
		{"/", folder, "", ""},
		{"", live, "", ""},
		{"/\xff\xfe.p12", live, "key-file", ""},
	} {
		n := c.like
		n.Path = c.path
		id := ""
		r, device := Builtin().Match(n)
		if r != nil {
			id = r.ID
		}
		if id != c.rule || device != c.device {
			t.Errorf("%q %+v: %q of device %q, want %q of %q", c.path, c.like, id, device, c.rule, c.device)
		}
		checkMatch(t, Builtin(), n)
	}
}

// TestMatchGravest: an operator's rule is not hidden by a built-in one of less
// weight, nor hides one of more.
func TestMatchGravest(t *testing.T) {
	for _, c := range []struct{ severity, name, want string }{
		{"high", `^site\.p12$`, "site"},
		{"low", `^site\.p12$`, "key-file"}, // of equals the first
		{"high", `^certificates-`, Archive},
	} {
		set, err := With(own(t, "[[rule]]\nid = \"site\"\nclass = \"log\"\nwhat = \"x\"\nseverity = \""+c.severity+"\"\nname = ['"+c.name+"']\n"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/site.p12", "/certificates-omni_x.zip"} {
			if strings.HasPrefix(path[1:], strings.TrimLeft(c.name, "^")[:4]) {
				if r, _ := set.Match(Named{Path: path}); r == nil || r.ID != c.want {
					t.Errorf("%s with a rule of severity %s: %+v, want %s", path, c.severity, r, c.want)
				}
			}
		}
	}
}

func TestMatchName(t *testing.T) {
	archive := Builtin().Get(Archive)
	if device, ok := archive.MatchName(Named{Path: "/Certificates-Omni_a.zip"}); !ok || device != "a" {
		t.Errorf("%q %v", device, ok)
	}
	if _, ok := archive.MatchName(Named{Path: "/panorama/occ.log"}); ok {
		t.Error("a log is taken for the archive")
	}
}

// TestSieve: most names need no form at all but for those with a short key, and
// stay so whatever was judged before.
func TestSieve(t *testing.T) {
	v := &Builtin().sieve
	count := func(name string) (n int) {
		for _, likely := range v.likely(fold(name)) {
			if likely {
				n++
			}
		}
		return n
	}
	for range 2 {
		if got := count("/certificates-omni_site7.zip"); got < 3 {
			t.Errorf("%d forms are tried on the archive's name", got)
		}
		if got := count("/DCIM/100CANON/IMG_2041.JPG"); got > 2 {
			t.Errorf("%d forms are tried on a name that has nothing of any", got)
		}
	}
}

// checkMatch compares what Match says with what trying every form in turn does.
func checkMatch(t *testing.T, set *Set, n Named) {
	t.Helper()
	var want *Rule
	for _, severity := range severities {
		for _, r := range set.Rules {
			if want == nil && r.Severity == severity && plainly(r, n) {
				want = r
			}
		}
	}
	if got, _ := set.Match(n); got != want {
		t.Errorf("%+v: the rule %+v, want %+v", n, got, want)
	}
}

// plainly matches a name without any shortcut.
func plainly(r *Rule, n Named) bool {
	last := n.Path[strings.LastIndexByte(strings.TrimRight(n.Path, "/"), '/')+1:]
	if last = strings.TrimRight(last, "/"); last == "" {
		last = map[bool]string{true: ".", false: "/"}[n.Path == ""]
	}
	for _, form := range r.Names {
		text := last
		if form.path {
			text = n.Path
		}
		if form.folder == n.Folder && (!form.cut || n.mayBeCut()) && form.form.MatchString(text) {
			return true
		}
	}
	return false
}

func BenchmarkMatch(b *testing.B) {
	set := Builtin()
	for _, c := range []struct{ name, path string }{
		{"typical", "/DCIM/100CANON/IMG_2041.JPG"},
		{"long", "/home/user/projects/site/node_modules/lodash/fp/_baseConvert.js"},
		{"archive", "/certificates-omni_site7.zip"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.Match(Named{Path: c.path})
			}
		})
	}
}

package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestInstall puts what the Makefile installs into a folder, with a stand-in for
// the program, and reads it as those do who will.
func TestInstall(t *testing.T) {
	testtool.Need(t, "make", "install", "sed")
	source, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"Makefile", "cmd/panoscrub/install/70-panoscrub.rules", "cmd/panoscrub/install/io.github.panoscrub.policy"} {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(source, name), data)
	}
	put(t, filepath.Join(source, "bin", "panoscrub"), []byte("program"))
	testtool.Run(t, source, "make", "-o", "build", "install", "DESTDIR="+dir, "PREFIX=/usr")

	var policy struct {
		Action struct {
			Annotate []struct {
				Key   string `xml:"key,attr"`
				Value string `xml:",chardata"`
			} `xml:"annotate"`
			Defaults struct {
				Any string `xml:"allow_any"`
			} `xml:"defaults"`
		} `xml:"action"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "usr/share/polkit-1/actions/io.github.panoscrub.policy"))
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(data, &policy); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, a := range policy.Action.Annotate {
		told[a.Key] = a.Value
	}
	const exec = "org.freedesktop.policykit.exec."
	if told[exec+"path"] != "/usr/bin/panoscrub" || told[exec+"argv1"] != helper.Command || policy.Action.Defaults.Any != "auth_admin" {
		t.Errorf("%+v", policy)
	}
	if rules, err := os.ReadFile(filepath.Join(dir, "usr/lib/udev/rules.d/70-panoscrub.rules")); err != nil || !strings.Contains(string(rules), `ENV{UDISKS_AUTO}="0"`) {
		t.Errorf("%v %s", err, rules)
	}
	checkUdevRules(t, filepath.Join(dir, "usr/lib/udev/rules.d/70-panoscrub.rules"))
	testtool.Run(t, source, "make", "uninstall", "DESTDIR="+dir, "PREFIX=/usr")
	if left := strings.TrimSpace(testtool.Run(t, "", "find", dir, "-type", "f")); left != "" {
		t.Errorf("left by uninstall: %s", left)
	}
	testtool.Run(t, source, "make", "-o", "build", "install", "DESTDIR="+dir, "STATION=no")
	if _, err := os.Stat(filepath.Join(dir, "usr/lib/udev/rules.d/70-panoscrub.rules")); err == nil {
		t.Error("a rule for stations where none is wanted")
	}
}

// checkUdevRules has udev itself read the rules, where it can.
func checkUdevRules(t *testing.T, path string) {
	t.Helper()
	if out, err := exec.Command("udevadm", "verify", "--help").CombinedOutput(); err != nil || !strings.Contains(string(out), "verify") {
		t.Log("NOT RUN: udev's own check of the rules: it takes udevadm verify, of systemd 254")
		return
	}
	testtool.Run(t, "", "udevadm", "verify", path)
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

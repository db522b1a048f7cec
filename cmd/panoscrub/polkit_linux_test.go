package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks/udiskstest"
)

// desktop is a shell script that becomes what a desktop has running, where its
// mounts are its own: a system bus, polkit with the rules in $RULES, and UDisks2,
// which knows the drive with the number $NUMBER. It says when all of them answer,
// and ends with its input.
const desktop = "set -e\n" + udiskstest.Alone + `
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/udev/data
printf 'I:1\nE:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=vfat\n' >"/run/udev/data/b$NUMBER"
mount --bind "$RULES" /etc/polkit-1/rules.d
[ ! -d /var/lib/udisks2 ] || mount -t tmpfs tmpfs /var/lib/udisks2
cat >/run/bus.conf <<END
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
END
dbus-daemon --nofork --config-file /run/bus.conf 2>/dev/null &
bus=$!
"$POLKIT" --no-debug >/dev/null 2>&1 &
polkit=$!
"$UDISKS" >/dev/null 2>&1 &
udisks=$!
trap 'kill $bus $polkit $udisks' EXIT
ask() {
	dbus-send --system --reply-timeout=2000 --print-reply --dest="$1" "$2" org.freedesktop.DBus.Peer.Ping >/dev/null 2>&1
}
for try in $(seq 300); do
	sleep 0.1
	ask org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority || continue
	ask org.freedesktop.UDisks2 "/org/freedesktop/UDisks2/block_devices/$NAME" || continue
	echo ready
	read wait || true
	break
done`

// startDesktop starts one, with a rule that answers every question of polkit's, and
// returns how a command is run in it.
func startDesktop(t *testing.T, node, answer string) (inside []string) {
	t.Helper()
	if os.Getenv("PANOSCRUB_E2E") == "" {
		t.Skip("NOT RUN: the services of a desktop take half a minute; \"make e2e\" has the time")
	}
	testtool.Need(t, "dbus-daemon", "dbus-send", "pkexec", "unshare", "nsenter", "setpriv")
	env := append(os.Environ(), "NAME="+filepath.Base(node), "NUMBER="+numberOf(t, node), "LC_ALL=C")
	for name, paths := range map[string][]string{
		"POLKIT": {"/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd"},
		"UDISKS": {"/usr/libexec/udisks2/udisksd", "/usr/lib/udisks2/udisksd"},
	} {
		env = append(env, name+"="+firstOf(t, paths))
	}
	rules, err := os.MkdirTemp("", "rules-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(rules) })
	rule := fmt.Sprintf("polkit.addRule(function(action, subject) { return polkit.Result.%s; });\n", answer)
	if err := os.WriteFile(filepath.Join(rules, "10-test.rules"), []byte(rule), 0o644); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "", "chmod", "755", rules) // polkit is nobody of weight
	cmd := exec.Command("unshare", "--mount", "sh", "-c", desktop)
	cmd.Env = append(env, "RULES="+rules)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Skipf("NOT RUN: there can be no desktop's services of one's own here: %q, %v", line, err)
	}
	return []string{"nsenter", "--target", fmt.Sprint(cmd.Process.Pid), "--mount", "--wdns=/"}
}

// numberOf is the device number of a node.
func numberOf(t *testing.T, node string) string {
	t.Helper()
	number, err := os.ReadFile("/sys/block/" + filepath.Base(node) + "/dev")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(number))
}

func firstOf(t *testing.T, paths []string) string {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("NOT RUN: none of %q is installed", paths)
	return ""
}

// newDesktopUser is a user of a desktop whose polkit always gives the same answer,
// with the program itself: pkexec passes no word on that a test could be told by.
func newDesktopUser(t *testing.T, answer string) (u *user, node string) {
	t.Helper()
	u = newUserWith(t, bin)
	t.Setenv("DISPLAY", ":99") // so that pkexec is preferred to sudo
	testtool.Run(t, "", "go", "build", "-o", filepath.Join(u.dir, "panoscrub"), ".")
	node = u.stick(64 << 20)
	u.inside = startDesktop(t, node, answer)
	u.elevate, u.bus = "", "unix:path=/run/dbus/system_bus_socket"
	return u, node
}

// TestDesktop runs the whole flow for somebody to whom polkit permits what they ask
// for: through UDisks2, which comes first, and through pkexec.
func TestDesktop(t *testing.T) {
	u, node := newDesktopUser(t, "YES")
	for _, c := range []struct{ access, want string }{{"auto", "udisks"}, {"helper", "helper"}} {
		u.state = filepath.Join(filepath.Dir(u.state), c.access)
		u.run(0, "sanitize", node, "--access", c.access, "--appliance", appliance, "--confirm", u.token(node))
		record := onlyRecord(t, u.state)
		if way, verdict := access(t, record); way != c.want || verdict != "PASS" {
			t.Errorf("%s: the record says %s by %q", c.access, verdict, way)
		}
		u.run(0, "verify", record, "--drive", node, "--access", c.access)
	}
}

// TestDesktopDenies: nobody gets past polkit's no.
func TestDesktopDenies(t *testing.T) {
	u, node := newDesktopUser(t, "NO")
	before := testtool.Run(t, "", "sha256sum", node)
	for _, access := range []string{"auto", "udisks", "helper"} {
		if _, stderr := u.run(4, "inspect", node, "--access", access); !strings.Contains(stderr, "not touched") {
			t.Errorf("%s: %s", access, stderr)
		}
		u.run(4, "sanitize", node, "--access", access, "--appliance", appliance, "--confirm", u.token(node))
	}
	if after := testtool.Run(t, "", "sha256sum", node); after != before {
		t.Error("the drive was touched")
	}
}

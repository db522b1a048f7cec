package udiskstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/testtool"
	"github.com/panoscrub/panoscrub/internal/udisks"
)

// Alone is for shell scripts whose mounts are their own: it takes away what other tests
// have mounted, and which would stay busy for as long as the script runs.
const Alone = `awk '$5 ~ "^/(tmp|media|mnt|run/media)/" { print $5 }' /proc/self/mountinfo | sort -r | while read -r point; do
	umount --lazy "$(printf %b "$point")" || true
done
`

// beside is a shell script that mounts what is to be mounted and becomes the real
// service. It runs where its mounts, the service's memory and udev's knowledge are its
// own: so it sees the test's drive, on a machine without udev too, and no other.
const beside = "set -e\n" + Alone + `
mount -t tmpfs tmpfs /run
[ ! -d /var/lib/udisks2 ] || mount -t tmpfs tmpfs /var/lib/udisks2
mkdir -p /run/udev/data
printf 'I:1\nE:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=ext2\n' >"/run/udev/data/b$NUMBER"
[ -z "$POINT" ] || mount "$NODE" "$POINT"
exec "$SERVICE"`

// RealService starts the real UDisks2 on a bus of its own. It sees the drive at node,
// and has it mounted at point, which is "" for nowhere. It returns the service's root
// folder.
func RealService(t *testing.T, node, point string) (root string) {
	t.Helper()
	program := realProgram(t)
	needMount(t, "-t", "tmpfs", "tmpfs", "/run")
	if point != "" {
		needMount(t, node, point)
	}
	StartBus(t, "")
	number, err := os.ReadFile("/sys/block/" + filepath.Base(node) + "/dev")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", "sh", "-c", beside)
	cmd.Env = append(os.Environ(), "NUMBER="+strings.TrimSpace(string(number)), "NODE="+node, "POINT="+point, "SERVICE="+program, "LC_ALL=C")
	Start(t, cmd)
	await(t, node)
	return fmt.Sprintf("/proc/%d/root", cmd.Process.Pid)
}

// needMount skips the test where a process cannot have such a mount of its own.
func needMount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := testtool.Try(t, "unshare", append([]string{"--mount", "mount"}, args...)...); err != nil {
		t.Skipf("NOT RUN: there can be no mount of one's own here: mount %q: %s", args, out)
	}
}

func realProgram(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/libexec/udisks2/udisksd", "/usr/lib/udisks2/udisksd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skip("NOT RUN: udisks2 is not installed")
	return ""
}

// await waits until the service knows the drive.
func await(t *testing.T, node string) {
	t.Helper()
	for again := Deadline(t); ; {
		s, err := udisks.Dial(t.Context())
		if err == nil {
			var f *os.File
			if f, err = s.Open(t.Context(), node, block.ReadOnly); err == nil {
				f.Close()
			}
			s.Close()
		}
		if !errors.Is(err, udisks.ErrUnavailable) && !errors.Is(err, udisks.ErrUnknown) {
			return
		}
		again(err)
	}
}

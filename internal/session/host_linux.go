package session

import (
	"os"
	"strings"

	"github.com/panoscrub/panoscrub/internal/attest"
)

// thisHost describes the computer without naming it.
func thisHost() attest.Host {
	return attest.Host{Kernel: line("/proc/sys/kernel/osrelease"), BootID: line("/proc/sys/kernel/random/boot_id")}
}

func line(path string) string {
	data, _ := os.ReadFile(path)
	return strings.TrimSpace(string(data))
}

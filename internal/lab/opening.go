package lab

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// Opening is an attempt to open a disk of the guest, or a partition of one. It need
// not have succeeded.
type Opening struct {
	Program string // its name, as the kernel knows it: up to 15 characters
	Path    string // as the program gave it
	Write   bool   // not only for reading
}

// Of reports whether it is about a disk, or a partition of it, by the disk's node.
func (o Opening) Of(node string) bool {
	partition, ok := strings.CutPrefix(o.Path, node)
	return ok && strings.Trim(partition, "0123456789") == ""
}

// Openings lists all attempts since the guest was booted, the first one first, by
// whomever. Only what is opened by a node in /dev is among them.
func (g *Guest) Openings(t testing.TB) []Opening {
	t.Helper()
	opens, complete := parseOpenings(g.Must(t, "cat", wire.Tracing+"/trace"))
	if !complete {
		t.Fatal("the kernel could not note all that was opened")
	}
	return opens
}

// The kernel's trace says how much there is in it, and of how much; and has a line
// for each event.
var (
	traceCount = regexp.MustCompile(`(?m)^# entries-in-buffer/entries-written: (\d+)/(\d+) `)
	traceOpen  = regexp.MustCompile(`(?m)^ *(.+)-\d+ +\[\d+\] .*: ` + wire.Opens + `: \(.*\) path="(.*)" flags=0x([0-9a-f]+)$`)
)

// accessMode is the bits of the flags that are 0 for reading: those of the guest's
// system, which need not be this machine's.
const accessMode = 3

// parseOpenings reads a trace, and reports whether it has all that ever happened.
func parseOpenings(trace string) (opens []Opening, complete bool) {
	for _, m := range traceOpen.FindAllStringSubmatch(trace, -1) {
		flags, err := strconv.ParseUint(m[3], 16, 32)
		if err != nil {
			return nil, false
		}
		opens = append(opens, Opening{Program: m[1], Path: m[2], Write: flags&accessMode != 0})
	}
	count := traceCount.FindStringSubmatch(trace)
	complete = count != nil && count[1] == count[2] && count[1] == strconv.Itoa(len(opens))
	return opens, complete
}

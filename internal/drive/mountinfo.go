package drive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxLine bounds one line of the kernel's tables. Options of an overlay mount
// are the longest, at a few pages.
const maxLine = 1 << 20

// mount is one line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	id      int    // the kernel's name for the mount itself
	parent  int    // the mount that its point lies on
	number  string // major:minor of the file system's device; major 0 where that is no block device
	point   string
	fsType  string
	source  string
	options string // of the file system, with the kernel's escapes

	devices []string // numbers of the block devices that it lies on; not in the table
}

// parseMounts reads the mount table. It does not guess: a line that it does not
// understand is an error, as is a table without a line.
func parseMounts(r io.Reader) ([]mount, error) {
	var mounts []mount
	err := eachLine(r, func(line string) error {
		// Split, not Fields: a source may be empty. Six fields precede the
		// optional ones, which a dash ends.
		fields := strings.Split(line, " ")
		dash := 6 + slices.Index(fields[min(6, len(fields)):], "-")
		if dash < 6 || len(fields) < dash+4 {
			return fmt.Errorf("not a line of a mount table: %q", line)
		}
		if !validNumber(fields[2]) {
			return fmt.Errorf("not a device number: %q", fields[2])
		}
		id, idErr := strconv.Atoi(fields[0])
		parent, parentErr := strconv.Atoi(fields[1])
		if err := errors.Join(idErr, parentErr); err != nil {
			return fmt.Errorf("not the numbers of a mount: %w", err)
		}
		mounts = append(mounts, mount{
			id: id, parent: parent, number: fields[2], point: unescape(fields[4]),
			fsType: fields[dash+1], source: unescape(fields[dash+2]), options: fields[dash+3],
		})
		return nil
	})
	if err == nil && len(mounts) == 0 {
		err = errors.New("the mount table is empty")
	}
	return mounts, err
}

// swap is a device or a file that is swapped to.
type swap struct {
	path string
	file bool
}

// parseSwaps reads /proc/swaps (proc_swaps(5)).
func parseSwaps(r io.Reader) ([]swap, error) {
	var swaps []swap
	header := false
	err := eachLine(r, func(line string) error {
		fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		switch {
		case !header:
			header = true
			if len(fields) != 5 || fields[0] != "Filename" {
				return fmt.Errorf("not the heading of a swap table: %q", line)
			}
		case len(fields) != 5 || fields[1] != "partition" && fields[1] != "file":
			return fmt.Errorf("not a line of a swap table: %q", line)
		default:
			swaps = append(swaps, swap{path: unescape(fields[0]), file: fields[1] == "file"})
		}
		return nil
	})
	if err == nil && !header {
		err = errors.New("the swap table is empty")
	}
	return swaps, err
}

func eachLine(r io.Reader, visit func(string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := visit(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// validNumber reports whether s is a device number as the kernel writes it.
func validNumber(s string) bool {
	major, minor, ok := strings.Cut(s, ":")
	for _, part := range []string{major, minor} {
		n, err := strconv.ParseUint(part, 10, 32)
		ok = ok && err == nil && strconv.FormatUint(n, 10) == part
	}
	return ok
}

// unescape undoes the kernel's octal escapes: "\040" is a space.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

package volume

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/parttable"
)

// ErrDamaged is wrapped by each thing that [Check] finds to be wrong.
var ErrDamaged = errors.New("the volume is not as it should be")

// Check reads the drive's only partition and its file system, and holds them
// against what [Make] promises and what operating systems rely on. It shares no
// code with the writer. Each thing that is wrong is a line of the error; what
// could not be read wraps the device's error. The volume tells what was read, as
// far as that went.
//
// Files on the volume are not damage: [Volume.Empty] tells of them.
func Check(r block.Reader) (Volume, error) {
	c := &checker{r: block.AnyReader(r), size: r.Size(), sector: int64(r.SectorSize())}
	c.volume.Layout = Layout{DiskBytes: r.Size(), SectorBytes: r.SectorSize()}
	if c.table() && c.boot() {
		c.reserved()
		c.root()
		c.tables()
		c.volume.Note = c.volume.note()
	}
	return c.volume, errors.Join(c.problems...)
}

// checker is one run of Check.
type checker struct {
	r            io.ReaderAt
	size, sector int64
	volume       Volume
	fs           fat.Boot
	info         fsInfo
	problems     []error
}

func (c *checker) wrong(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...))
}

// want is wrong if the two are not equal.
func want[T comparable](c *checker, what string, got, want T) {
	if got != want {
		c.wrong("%s is %v, not %v", what, got, want)
	}
}

// read fills p from off; false, and a problem, if it cannot.
func (c *checker) read(what string, p []byte, off int64) bool {
	n, err := c.r.ReadAt(p, off)
	if n == len(p) {
		return true
	}
	c.problems = append(c.problems, fmt.Errorf("reading %s: %w", what, err))
	return false
}

// table checks the first sector, and that no GPT overrules it; false when there
// is no partition to look into.
func (c *checker) table() bool {
	first := make([]byte, c.sector)
	if c.size < startBytes+minPartition {
		c.wrong("the drive has only %d bytes", c.size)
		return false
	}
	if !c.read("the first sector", first, 0) {
		return false
	}
	c.volume.DiskSignature = binary.LittleEndian.Uint32(first[440:])
	if c.volume.DiskSignature == 0 {
		c.wrong("the disk signature is zero")
	}
	// Between are the signature, and the first entry but for its boot flag.
	if !zero(first[:440]) || !zero(first[444:447]) || !zero(first[462:510]) || !zero(first[512:]) {
		c.wrong("there is something in the first sector besides the partition")
	}
	t, err := parttable.Read(c.r, c.size, int(c.sector))
	if err != nil {
		c.problems = append(c.problems, err)
		return false
	}
	for _, w := range t.Warnings {
		c.wrong("partition table: %s", w)
	}
	c.noGPT()
	return c.partition(t)
}

func (c *checker) noGPT() {
	primary, backup, err := parttable.GPTHeaders(c.r, c.size, int(c.sector))
	switch {
	case err != nil:
		c.problems = append(c.problems, err)
	case primary || backup:
		c.wrong("a GPT header of before is still there")
	}
}

// partition checks the one entry of the table.
func (c *checker) partition(t parttable.Table) bool {
	want(c, "the partition scheme", t.Scheme, parttable.SchemeMBR)
	if len(t.Entries) != 1 {
		c.wrong("there are %d partitions, not 1", len(t.Entries))
		return false
	}
	p := t.Entries[0]
	want(c, "the partition's number", p.Index, 1)
	want(c, "the partition's start", p.Start, startBytes)
	c.volume.StartBytes, c.volume.PartitionBytes = p.Start, p.Size
	if _, err := fmt.Sscanf(p.Type, "%02x", &c.volume.PartitionType); err != nil {
		c.wrong("the partition's type is %s", p.Type)
	}
	whole := min(c.size, endBytes)/c.sector*c.sector - p.Start
	want(c, "the partition's size", p.Size, whole)
	return true
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block/blocktest"
	"github.com/panoscrub/panoscrub/internal/drive/drivetest"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
)

// cell is how many bytes of old content are recognised: so many that no pattern
// holds them by chance.
const cell = 16

// world is a stick, the machine that it is plugged into, and a state folder.
type world struct {
	nature
	tree, state, target string
	key                 *envelope.Key
	stick               *blocktest.Fake
	plugs               int // how often it was plugged in
	rng                 *rand.Rand
	old                 []byte // what was last put on the medium by others
	isOld               []bool // per cell, as far as it is whole
	begun               int    // runs
	uses                int    // of the stick by others
	dropped             bool   // writes, in some run
	*tally
	runs map[string]ended // by certificate
	last *ended
}

// ended is a run that is over.
type ended struct {
	attest.Predicate
	*trial
	shown []byte // what a read would have shown when it was over
}

func newWorld(root, tree string, key *envelope.Key, n nature, rng *rand.Rand, t *tally) (*world, error) {
	w := &world{
		nature: n, tree: filepath.Join(root, "machine"), key: key, rng: rng, tally: t, runs: map[string]ended{},
		old: make([]byte, n.size), isOld: make([]bool, n.size/cell),
	}
	var err error
	if w.state, err = durable.Dir(filepath.Join(root, "state")); err != nil {
		return nil, err
	}
	text := bytes.ReplaceAll([]byte(tree), []byte("size 120164352"), fmt.Appendf(nil, "size %d", n.size/512))
	text = bytes.ReplaceAll(text, []byte("size 120162304"), []byte("size 1"))
	text = bytes.Replace(text, []byte("diskseq 12\nqueue/logical_block_size 512\nqueue/physical_block_size 512"),
		fmt.Appendf(nil, "diskseq 12\nqueue/logical_block_size %d\nqueue/physical_block_size %[1]d", n.sector), 1)
	if err := drivetest.Unpack(w.tree, txtar.Parse(text)); err != nil {
		return nil, err
	}
	w.target = filepath.Join(w.tree, "dev", "sdb")
	if n.image {
		w.target = filepath.Join(root, "stick.img")
		if err := errors.Join(os.WriteFile(w.target, nil, 0o600), os.Truncate(w.target, n.size)); err != nil {
			return nil, err
		}
	}
	w.stick = blocktest.NewFake(n.size, n.sector, n.lies)
	w.stick.SetHostCached(n.hostCached)
	if n.image {
		w.stick.SetAlignment(1)
	}
	w.plant(0, int(n.size))
	return w, nil
}

// with gives the stick faults besides its nature.
func (n nature) with(f blocktest.Faults) blocktest.Faults {
	all := n.lies
	all.Drop = slices.Clone(all.Drop)
	for _, e := range f.Drop {
		all.Drop.Add(e)
	}
	all.ReadErrors, all.WriteErrors, all.FailRequest = f.ReadErrors, f.WriteErrors, f.FailRequest
	all.SyncError, all.WriteProtected, all.ShrunkTo = f.SyncError, f.WriteProtected, f.ShrunkTo
	all.VanishAfter, all.ChangeAfter = f.VanishAfter, f.ChangeAfter
	if f.ResetError != nil {
		all.ResetError = f.ResetError
	}
	return all
}

// plant puts what nobody can mistake for anything else on the medium.
func (w *world) plant(off int64, length int) {
	w.uses++
	end := min(off+int64(length), w.size)
	if real := w.lies.RealSize; real > 0 {
		end = min(end, real)
	}
	for at := off; at < end; at++ {
		w.old[at] = byte(w.rng.Uint32())
	}
	if off >= end {
		return
	}
	w.stick.Poke(w.old[off:end], off)
	for i := off / cell; i < int64(len(w.isOld)) && i*cell < end; i++ {
		w.isOld[i] = w.isOld[i] || off <= i*cell && (i+1)*cell <= end
	}
}

// lose pulls the stick out and plugs it in again.
func (w *world) lose(power func()) {
	w.plugs++
	power()
	for file, value := range map[string]int{
		"sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/devnum": 5 + w.plugs%100, w.blockDir() + "/diskseq": 12 + w.plugs,
	} {
		w.set(file, strconv.Itoa(value))
	}
}

func (w *world) blockDir() string {
	return "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
}

// set gives a file of the machine another value. Without it nothing of what follows
// would be as it is meant, so that it ends the sequence.
func (w *world) set(file, value string) {
	if err := os.WriteFile(filepath.Join(w.tree, file), []byte(value+"\n"), 0o600); err != nil {
		panic(err)
	}
}

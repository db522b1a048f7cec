package durable

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"
)

// reserved is the least space that a journal has ahead of itself: for the notes
// of a run of days, and its record.
const reserved = 8 << 20

// Journal tells of a run while it goes on. Its file is locked for as long as the
// process lives: one whose lock is free is an [Orphan].
//
// Its methods are safe for concurrent use.
type Journal struct {
	mu   sync.Mutex
	file *os.File // nil when closed
	path string
	end  int64  // of the last entry
	sum  string // of the last entry
}

var journalName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// ErrJournalName says that an ID cannot name a journal.
var ErrJournalName = errors.New("a journal's name has only a-z, 0-9 and -")

// CreateJournal begins the journal of a certificate in a state folder. It
// replaces nothing. When it returns, the file is durable, locked, and has space
// reserved, so that the end of the run can be written on a disk that has become
// full:
//
//	open(O_CREAT|O_EXCL), flock(LOCK_EX)   under the folder's lock
//	fallocate(FALLOC_FL_KEEP_SIZE), fsync(file), fsync(folder)
//
// On an error there is no file, and nothing was begun.
func CreateJournal(state, certificateID string) (*Journal, error) {
	if !journalName.MatchString(certificateID) {
		return nil, fmt.Errorf("%w: %.80q", ErrJournalName, certificateID)
	}
	folder := filepath.Join(state, Journals)
	j := &Journal{path: filepath.Join(folder, certificateID+journalEnding), sum: certificateID}
	if err := j.open(folder); err != nil {
		return nil, err
	}
	err := reserve(j.file, reserved)
	if err = errors.Join(err, j.file.Sync(), syncFolder(folder)); err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", j.path, err), j.Remove())
	}
	return j, nil
}

// open makes the file and locks it in one step, as far as [Orphans] can see.
func (j *Journal) open(folder string) error {
	unlock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if taken, err := lock(f, dontWait); err != nil || !taken {
		return errors.Join(fmt.Errorf("locking the new journal %s: %w", j.path, err), f.Close(), os.Remove(j.path))
	}
	j.file = f
	return nil
}

// Append adds an entry. It is durable when Append returns: pwrite, fdatasync. An
// entry that could not be written leaves no trace, and the journal can go on.
//
// The first entry, with which a run begins, is also refused when there is no space
// for what will follow: twice its size more than was reserved, since the record
// repeats it.
func (j *Journal) Append(kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return fmt.Errorf("journal entry %q: %w", kind, fs.ErrClosed)
	}
	line, sum, err := Entry{At: time.Now().UTC(), Kind: kind, Data: data}.encode(j.sum)
	if err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	if j.end == 0 {
		if err := reserve(j.file, 3*int64(len(line))+reserved); err != nil {
			return fmt.Errorf("journal %s: %w", j.path, err)
		}
	}
	// At a known offset, so that what a failed append left is written over.
	if _, err := j.file.WriteAt(line, j.end); err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	if err := syncData(j.file); err != nil {
		return fmt.Errorf("journal %s: entry %q: %w", j.path, kind, err)
	}
	j.end, j.sum = j.end+int64(len(line)), sum
	return nil
}

// Close gives the lock up and leaves the file: the journal is then an orphan. A
// journal that is closed or removed already stays so.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// Remove ends the journal: unlink, fsync(folder). It is for when what the journal
// tells is durable elsewhere, or when nothing was begun.
func (j *Journal) Remove() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := removeLocked(j.file, j.path)
	j.file = nil
	return err
}

// removeLocked removes a file while its lock is held, so that nobody takes it for
// an orphan. Windows cannot remove what is open.
func removeLocked(f *os.File, path string) error {
	if runtime.GOOS == "windows" {
		return errors.Join(f.Close(), os.Remove(path))
	}
	return errors.Join(os.Remove(path), syncFolder(filepath.Dir(path)), f.Close())
}

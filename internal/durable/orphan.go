package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const journalEnding = ".jsonl"

// maxJournal bounds the journals that are read back.
const maxJournal = 64 << 20

// Orphan is the journal of a run whose process has gone without removing it. It
// is locked until it is closed or removed, so that only one process deals with
// it.
type Orphan struct {
	Path          string
	CertificateID string
	// Entries are those that were durable, in order. A journal without any is of
	// a run that had not begun.
	Entries []Entry

	file *os.File // nil when closed
}

// Orphans takes over every journal in a state folder whose process has gone.
// Those of living processes are left alone. The caller closes or removes each.
//
// Journals that cannot be read or are damaged stay where they are; the error
// names them, and wraps [ErrDamaged] where one is. The other journals are returned
// all the same.
func Orphans(state string) ([]*Orphan, error) {
	folder := filepath.Join(state, Journals)
	paths, err := journals(folder)
	if err != nil || len(paths) == 0 {
		return nil, err
	}
	unlock, err := lockFolder(folder)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var (
		orphans []*Orphan
		errs    []error
	)
	for _, path := range paths {
		orphan, err := takeOver(path)
		if orphan != nil {
			orphans = append(orphans, orphan)
		}
		errs = append(errs, err)
	}
	return orphans, errors.Join(errs...)
}

func journals(folder string) (paths []string, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), journalEnding) && e.Type().IsRegular() {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	return paths, err
}

// takeOver locks a journal and reads it. It returns nil when the journal is
// another process's business.
func takeOver(path string) (*Orphan, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := &Orphan{Path: path, CertificateID: strings.TrimSuffix(filepath.Base(path), journalEnding), file: f}
	taken, err := lock(f, dontWait)
	if err == nil && taken {
		taken, err = stillNamed(f, path)
	}
	if err == nil && taken {
		o.Entries, err = readEntries(o)
	}
	if err != nil || !taken {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// stillNamed reports whether the file that is open is the one of that name: its
// process may have removed it just before its lock became free.
func stillNamed(f *os.File, path string) (bool, error) {
	open, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(open, named), err
}

func readEntries(o *Orphan) ([]Entry, error) {
	data, err := io.ReadAll(io.LimitReader(o.file, maxJournal+1))
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", o.Path, err)
	}
	if len(data) > maxJournal {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrDamaged, o.Path, maxJournal)
	}
	entries, wrongLine := replay(o.CertificateID, data)
	if wrongLine > 0 {
		return nil, fmt.Errorf("%w: %s, line %d", ErrDamaged, o.Path, wrongLine)
	}
	return entries, nil
}

// Close gives the lock up and leaves the file for the next start.
func (o *Orphan) Close() error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	o.file = nil
	return err
}

// Remove ends the journal: unlink, fsync(folder). It is for when its record is
// durable, or when nothing had begun.
func (o *Orphan) Remove() error {
	if o.file == nil {
		return nil
	}
	err := removeLocked(o.file, o.Path)
	o.file = nil
	return err
}

type waiting bool

const (
	wait     waiting = true
	dontWait waiting = false
)

// lockFolder takes the lock that makes creating a journal and locking it one
// step. It is held for moments only.
func lockFolder(folder string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := lock(f, wait); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // nothing was written to it
}

package durable

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	journalEnding = ".jsonl"
	newEnding     = ".new"
	// reserveBytes is allocated when a journal is made, so that the end of a run
	// can be written on a disk that has become full meanwhile. It holds the notes
	// of a run of several days and its signed record.
	reserveBytes = 8 << 20
	// maxJournalBytes bounds what is read back: a larger file is no journal.
	maxJournalBytes = 64 << 20
)

// ErrDamaged says that a journal holds something other than what was appended to
// it, and not just a torn end.
var ErrDamaged = errors.New("the journal is damaged")

// Journal is the log of one run: lines of JSON, each durable before Append
// returns. Its file is locked while its owner lives, so that a journal whose lock
// is free is one whose owner died. Methods are safe for concurrent use.
type Journal struct {
	mu   sync.Mutex
	path string
	file *os.File
	end  int64
}

// Entry is one line of a journal.
type Entry struct {
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// line is an entry with the start of its digest, by which a torn or damaged one
// is recognised.
type line struct {
	Sum   string          `json:"sum"`
	Entry json.RawMessage `json:"entry"`
}

func sumOf(entry []byte) string {
	sum := sha256.Sum256(entry)
	return hex.EncodeToString(sum[:8])
}

// CreateJournal makes the journal of a run in a state folder, with its space
// reserved. An error, such as a full disk, means that nothing has begun.
//
// It gets its name only when its lock is held: a journal that others can see is
// never without an owner while its owner lives.
func CreateJournal(state, id string) (*Journal, error) {
	path := filepath.Join(state, Journals, id+journalEnding)
	temp := filepath.Join(state, Journals, id+newEnding)
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = lock(f)
	if err == nil {
		err = reserve(f, reserveBytes)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close(), removeIfThere(temp), removeIfThere(path))
	}
	return &Journal{path: path, file: f}, nil
}

// Append adds one entry and returns when it is on the disk.
func (j *Journal) Append(kind string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	entry, err := json.Marshal(Entry{At: time.Now().UTC(), Kind: kind, Data: raw})
	if err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	text, err := json.Marshal(line{Sum: sumOf(entry), Entry: entry})
	if err != nil {
		return fmt.Errorf("journal entry %q: %w", kind, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	// A write that failed half way is written over by the next one: the end moves
	// only behind what is whole.
	if _, err := j.file.WriteAt(append(text, '\n'), j.end); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.end += int64(len(text)) + 1
	return nil
}

// Remove deletes the journal: its record has been stored.
func (j *Journal) Remove() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return removeLocked(j.file, j.path)
}

// Close gives the journal up without deleting it. Closing it again, or after
// Remove, does nothing.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return closeOnce(j.file)
}

// Orphan is the journal of a run whose process is gone. Its lock is held until
// Remove or Close, so that two programs do not both take it up.
type Orphan struct {
	Path    string
	Entries []Entry
	file    *os.File
}

// Remove deletes the orphan: its record has been stored.
func (o *Orphan) Remove() error { return removeLocked(o.file, o.Path) }

// Close leaves the orphan for another time.
func (o *Orphan) Close() error { return closeOnce(o.file) }

// Orphans returns the journals of a state folder whose owners are gone, in the
// order of their names. Journals that are in use are left alone. One that cannot
// be read is left where it is and reported in the error, beside the others.
func Orphans(state string) ([]*Orphan, error) {
	folder := filepath.Join(state, Journals)
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var orphans []*Orphan
	for _, f := range files {
		orphan, openErr := adopt(filepath.Join(folder, f.Name()))
		if openErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", filepath.Join(folder, f.Name()), openErr))
		}
		if orphan != nil {
			orphans = append(orphans, orphan)
		}
	}
	return orphans, err
}

// adopt takes a journal over if its owner is gone; nil when it has one. What was
// left of a journal that never got its name is removed: its run had not begun.
// A fresh one is left alone, as its owner may be about to lock it.
func adopt(path string) (*Orphan, error) {
	unnamed := strings.HasSuffix(path, newEnding)
	if !unnamed && !strings.HasSuffix(path, journalEnding) {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // its owner has just removed it
	}
	if err != nil {
		return nil, err
	}
	if lock(f) != nil || !stillThere(f, path) {
		return nil, f.Close()
	}
	if unnamed {
		if info, err := f.Stat(); err != nil || time.Since(info.ModTime()) < time.Minute {
			return nil, errors.Join(err, f.Close())
		}
		return nil, removeLocked(f, path)
	}
	entries, err := readEntries(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Orphan{Path: path, Entries: entries, file: f}, nil
}

// stillThere reports whether path still leads to the open file: its owner may
// have removed it before the lock was got.
func stillThere(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}

// readEntries reads the entries of a journal. A torn end, which a power cut
// leaves, is dropped; anything else that is wrong is [ErrDamaged].
func readEntries(f *os.File) ([]Entry, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxJournalBytes {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrDamaged, info.Size())
	}
	var entries []Entry
	r := bufio.NewReader(io.NewSectionReader(f, 0, info.Size()))
	for {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		entry, err := parseLine(text)
		if err != nil {
			if _, peekErr := r.Peek(1); errors.Is(peekErr, io.EOF) {
				return entries, nil
			}
			return nil, fmt.Errorf("%w: line %d: %w", ErrDamaged, len(entries)+1, err)
		}
		entries = append(entries, entry)
	}
}

func parseLine(text []byte) (Entry, error) {
	var (
		l     line
		entry Entry
	)
	if err := json.Unmarshal(bytes.TrimSuffix(text, []byte("\n")), &l); err != nil {
		return entry, err
	}
	if sumOf(l.Entry) != l.Sum {
		return entry, errors.New("its digest does not match")
	}
	return entry, json.Unmarshal(l.Entry, &entry)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func closeOnce(f *os.File) error {
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	maxLinks  = 1 << 20 // looked at in all; a busy server has a tenth
	linkBatch = 256
	maxName   = 64 // bytes of a process's name; the kernel keeps 16
)

// holding tells which of the files that processes have keep something busy: they
// lie under a path and are told by their status. Files elsewhere are not asked for
// it, since a file system that does not answer would keep us waiting.
type holding struct {
	under string
	is    func(unix.Statx_t) bool
}

// holders looks through the processes for those that hold something, and counts
// those that could not be looked into, or not in full.
func holders(ctx context.Context, holds holding) (found []Process, unseen int, err error) {
	proc, err := os.ReadDir("/proc")
	if err != nil {
		return nil, 0, err
	}
	look := search{holds: holds, left: maxLinks}
	for _, entry := range proc {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return found, unseen, err
		}
		how, err := look.process(filepath.Join("/proc", entry.Name()))
		if err != nil {
			unseen++
		}
		if len(how) > 0 {
			found = append(found, Process{PID: pid, Name: nameOf(pid), How: how})
		}
	}
	return found, unseen, nil
}

// search looks at what processes have, up to a number of files in all.
type search struct {
	holds holding
	left  int
}

var errTooMany = errors.New("too many open files to look at all")

// process says in which ways a process holds what is searched for. An error says
// that not everything could be seen; a process that ends meanwhile has nothing.
func (s *search) process(at string) (how []string, err error) {
	for _, way := range []struct {
		name, words string
		look        func(string) (bool, error)
	}{
		{"cwd", "working directory", s.link},
		{"root", "root directory", s.link},
		{"exe", "program", s.link},
		{"fd", "open file", s.folder},
		{"map_files", "mapped file", s.folder},
	} {
		held, lookErr := way.look(filepath.Join(at, way.name))
		if lookErr != nil && !gone(lookErr) {
			err = errors.Join(err, lookErr)
		}
		if held {
			how = append(how, way.words)
		}
	}
	return how, err
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// link looks at what one of the kernel's links leads to.
func (s *search) link(path string) (bool, error) {
	if s.left == 0 {
		return false, errTooMany
	}
	s.left--
	target, err := os.Readlink(path)
	if err != nil || !strings.HasPrefix(target, s.holds.under) {
		return false, err
	}
	st, err := mountStat(unix.AT_FDCWD, path, 0)
	return err == nil && s.holds.is(st), err
}

// folder looks at the links in a folder until one leads to what is searched for.
func (s *search) folder(path string) (held bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	for {
		links, err := f.ReadDir(linkBatch)
		for _, l := range links {
			held, err := s.link(filepath.Join(path, l.Name()))
			if held || err != nil && !gone(err) {
				return held, err
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// nameOf is what a process calls itself, or "?" for one that has just ended.
func nameOf(pid int) string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return "?"
	}
	defer f.Close()
	name, err := io.ReadAll(io.LimitReader(f, maxName))
	if err != nil {
		return "?"
	}
	return string(bytes.TrimSuffix(name, []byte("\n")))
}

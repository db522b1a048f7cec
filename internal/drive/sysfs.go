package drive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// maxAttribute bounds what is read of one attribute. The kernel gives no more
// than a page, and the longest that is asked for is a path.
const maxAttribute = 8 << 10

// dir is a directory of the kernel's tree, in which each file is an attribute.
type dir string

func (d dir) path(name string) string { return filepath.Join(string(d), name) }
func (d dir) base() string            { return filepath.Base(string(d)) }
func (d dir) up() dir                 { return dir(filepath.Dir(string(d))) }

func (d dir) has(name string) bool {
	_, err := os.Lstat(d.path(name))
	return err == nil
}

// follow is the directory that a link leads to.
func (d dir) follow(name string) (dir, error) {
	target, err := filepath.EvalSymlinks(d.path(name))
	return dir(target), err
}

// raw is an attribute as the kernel gave it.
func (d dir) raw(name string) (string, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAttribute+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("reading the attribute %s: %w", name, err)
	case len(b) > maxAttribute:
		return "", fmt.Errorf("reading the attribute %s: longer than %d bytes", name, maxAttribute)
	}
	return string(b), nil
}

// text is an attribute without the padding around it, as valid UTF-8; empty
// when it is absent or cannot be read.
func (d dir) text(name string) string {
	s, err := d.raw(name)
	if err != nil {
		return ""
	}
	s = strings.TrimFunc(s, func(r rune) bool { return r == 0 || unicode.IsSpace(r) })
	return strings.ToValidUTF8(s, string(unicode.ReplacementChar))
}

// number is an attribute that is a decimal number; 0 when it is none.
func (d dir) number(name string) int {
	n, err := strconv.Atoi(d.text(name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// names lists a directory's entries in order; none when it is not there.
func (d dir) names() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

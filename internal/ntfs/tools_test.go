package ntfs

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// made is a volume that other people's programs make, with what was put into it.
type made struct {
	t     testing.TB
	path  string
	files map[string][]byte
}

// format makes a volume with mkntfs.
func format(t testing.TB, size int64, options ...string) *made {
	testtool.Need(t, "mkntfs", "ntfscp")
	m := &made{t, testtool.Image(t, size), map[string][]byte{}}
	testtool.Run(t, "", "mkntfs", append(options, "-q", "-F", "-T", "-L", "PLANTED", m.path)...)
	return m
}

// copy makes a file of n random bytes, which name without a key between them is
// stored as it is by compression.
func (m *made) copy(path string, n int) { m.write(path, randomBytes(path, n)) }

func (m *made) write(path string, content []byte) {
	m.t.Helper()
	m.files[path] = content
	testtool.Run(m.t, "", "ntfscp", "-q", m.path, m.temp(content), path)
}

// stream writes an alternate data stream.
func (m *made) stream(path, name string, content []byte) {
	m.t.Helper()
	m.files[path+":"+name] = content
	testtool.Run(m.t, "", "ntfscp", "-q", "-N", name, m.path, m.temp(content), path)
}

func (m *made) temp(content []byte) string {
	m.t.Helper()
	file := filepath.Join(m.t.TempDir(), "content")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		m.t.Fatal(err)
	}
	return file
}

func (m *made) image() []byte {
	m.t.Helper()
	b, err := os.ReadFile(m.path)
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

// randomBytes depends on nothing but its arguments.
func randomBytes(seed string, n int) []byte {
	var key [32]byte
	copy(key[:], seed)
	b := make([]byte, n)
	rng := rand.NewChaCha8(key)
	if _, err := rng.Read(b); err != nil {
		panic(err)
	}
	return b
}

// text is n bytes that LZNT1 makes much of.
func text(n int) []byte {
	line := []byte("2026-11-25T01:02:03Z INFO provisioning: wrote certificate omni_site7 to /panorama/")
	return bytes.Repeat(line, n/len(line)+1)[:n]
}

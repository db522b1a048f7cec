package scan_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/soypat/fat"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// kitchen makes material when it is first asked for, each once in a run.
type kitchen struct {
	dir     string
	recipes map[string]recipe
	made    map[string][]byte
	secrets secrets
}

func newKitchen(t *testing.T) *kitchen {
	return &kitchen{dir: t.TempDir(), recipes: map[string]recipe{}, made: map[string][]byte{}, secrets: secrets{}}
}

func (k *kitchen) know(t *testing.T, recipes []recipe) {
	for _, r := range recipes {
		if _, ok := k.recipes[r.Name]; ok {
			t.Fatalf("there are two materials %s", r.Name)
		}
		k.recipes[r.Name] = r
	}
}

// words of steps may be names of material.
var words = regexp.MustCompile(`[A-Za-z0-9._-]+`)

// folder makes a folder with the material in it that steps name.
func (k *kitchen) folder(t *testing.T, steps []string) folder {
	t.Helper()
	dir := folder(t.TempDir())
	k.fill(t, dir, steps)
	return dir
}

func (k *kitchen) fill(t *testing.T, dir folder, steps []string) {
	t.Helper()
	for _, name := range words.FindAllString(strings.Join(steps, "\n"), -1) {
		r, ok := k.recipes[name]
		if !ok || filepath.Base(string(dir)) == name { // its own
			continue
		}
		if err := os.WriteFile(filepath.Join(string(dir), name), k.material(t, r), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// material returns what a recipe makes.
func (k *kitchen) material(t *testing.T, r recipe) []byte {
	t.Helper()
	if content, ok := k.made[r.Name]; ok {
		return content
	}
	dir := folder(filepath.Join(k.dir, r.Name))
	if err := os.MkdirAll(string(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	k.fill(t, dir, r.Steps)
	dir.run(t, r.Steps)
	content, err := os.ReadFile(filepath.Join(string(dir), r.Name))
	if err != nil || len(content) == 0 {
		t.Fatalf("no %s was made: %v", r.Name, err)
	}
	if r.Secret {
		k.secrets.add(r.Name, content)
	}
	k.made[r.Name] = content
	return content
}

// folder is where the steps of one case are run.
type folder string

func (dir folder) drive() string { return filepath.Join(string(dir), "drive") }

// run runs steps, each a line for the shell, but for these:
//
//	plant FILE PLACE         writes a file's bytes to a place of the drive: a number,
//	                         one from the end (-N), or so far behind the bytes of
//	                         another file (NAME+N)
//	exfat mkdir PATH         makes a folder
//	exfat put FILE PATH      copies a file to the exFAT file system on the drive
//	exfat rm PATH            deletes one
func (dir folder) run(t *testing.T, steps []string) {
	t.Helper()
	for _, step := range steps {
		args := strings.Fields(step)
		switch args[0] {
		case "plant":
			dir.plant(t, args[1], args[2])
		case "exfat":
			dir.exfat(t, args[1:])
		default:
			testtool.Need(t, programs(step)...)
			testtool.Run(t, string(dir), "sh", "-ec", step)
		}
	}
}

// starts of commands in a line for the shell, and what in it is text.
var (
	starts = regexp.MustCompile(`(?:^|[|;(]|&&)\s*(?:do\s+)?([a-z][a-z0-9._-]*)`)
	quoted = regexp.MustCompile(`(?s)'[^']*'|"(?:[^"\\]|\\.)*"|#.*|<<END.*END`)
)

// programs are those that a line for the shell runs.
func programs(step string) (list []string) {
	for _, m := range starts.FindAllStringSubmatch(quoted.ReplaceAllString(step, "_"), -1) {
		switch m[1] {
		case "for", "while", "do", "done", "break":
		default:
			list = append(list, m[1])
		}
	}
	return list
}

func (dir folder) plant(t *testing.T, name, place string) {
	t.Helper()
	content := dir.read(t, name)
	drive := dir.read(t, "drive")
	at := dir.place(t, drive, place)
	if at < 0 || at+len(content) > len(drive) {
		t.Fatalf("%s does not fit at %d", name, at)
	}
	copy(drive[at:], content)
	dir.write(t, "drive", drive)
}

func (dir folder) place(t *testing.T, drive []byte, place string) int {
	t.Helper()
	name, number, behind := strings.Cut(place, "+")
	if !behind {
		number = place
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case behind:
		content := dir.read(t, name)
		if bytes.Count(drive, content) != 1 {
			t.Fatalf("%s is not on the drive exactly once", name)
		}
		return bytes.Index(drive, content) + len(content) + n
	case n < 0:
		return len(drive) + n
	}
	return n
}

func (dir folder) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(string(dir), name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (dir folder) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(dir), name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// blocks is a drive in memory as another library's device.
type blocks []byte

func (b blocks) ReadBlocks(dst []byte, at int64) (int, error) { return copy(dst, b[at*512:]), nil }
func (b blocks) WriteBlocks(p []byte, at int64) (int, error)  { return copy(b[at*512:], p), nil }
func (b blocks) EraseBlocks(at, n int64) error                { clear(b[at*512:][:n*512]); return nil }

// exfat works on the exFAT file system that the whole drive is, by a library of
// other people: no tool that does is everywhere.
func (dir folder) exfat(t *testing.T, args []string) {
	t.Helper()
	drive := dir.read(t, "drive")
	var fs fat.FS
	err := fs.Mount(blocks(drive), 512, fat.ModeRW)
	if err != nil {
		t.Fatal(err)
	}
	switch args[0] {
	case "mkdir":
		err = fs.Mkdir(args[1])
	case "rm":
		err = fs.Remove(args[1])
	case "put":
		var f fat.File
		if err = fs.OpenFile(&f, args[2], fat.ModeCreateNew|fat.ModeWrite); err != nil {
			break
		}
		if _, err = f.Write(dir.read(t, args[1])); err == nil {
			err = f.Close()
		}
	default:
		err = fmt.Errorf("no such step")
	}
	if err != nil {
		t.Fatalf("exfat %q: %v", args, err)
	}
	dir.write(t, "drive", drive)
}

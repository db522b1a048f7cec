package scan_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
//	exfat put FILE PATH [N]  copies a file to the exFAT file system on the drive, to
//	                         byte N of a file there
//	exfat rm PATH            deletes one
//	need LINE                goes on only where a line for the shell succeeds
//	mounted PROGRAM: LINE    runs a line for the shell while PROGRAM, with its options,
//	                         has the drive mounted as "m" and stays in the foreground
func (dir folder) run(t *testing.T, steps []string) {
	t.Helper()
	for _, step := range steps {
		args := strings.Fields(step)
		switch args[0] {
		case "plant":
			dir.plant(t, args[1], args[2])
		case "exfat":
			dir.exfat(t, args[1:])
		case "need":
			line := strings.TrimPrefix(step, "need ")
			testtool.Need(t, programs(line)...)
			if out, err := testtool.Try(t, "sh", "-ec", line); err != nil {
				t.Skipf("NOT RUN: %s: %v: %s", line, err, out)
			}
		case "mounted":
			program, line, _ := strings.Cut(strings.TrimPrefix(step, "mounted "), ": ")
			dir.mounted(t, strings.Fields(program), func() { dir.shell(t, line) })
		default:
			dir.shell(t, step)
		}
	}
}

func (dir folder) shell(t *testing.T, line string) {
	t.Helper()
	testtool.Need(t, programs(line)...)
	testtool.Run(t, string(dir), "sh", "-ec", line)
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
		case "for", "while", "do", "done", "break", "cd":
		default:
			list = append(list, m[1])
		}
	}
	return list
}

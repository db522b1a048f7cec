// Package internal_test holds the check that imports point downward.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/panoscrub/panoscrub/internal/"

// layers lists, for each package, the packages of ours that it may import.
// It reads top to bottom: a package may name only packages above itself.
var layers = []struct{ pkg, may string }{
	{"human", ""},
	{"progress", ""},
	{"block", ""},
	{"udisks", "block"},
	{"durable", ""},
	{"envelope", ""},
	{"attest", "human"},
	{"parttable", ""},
	{"fsys", "block"},
	{"fat", "block fsys"},
	{"exfat", "block fsys"},
	{"ntfs", "block fsys"},
	{"ext", "block fsys"},
	{"drive", "block human"},
	{"release", "block human drive"},
	{"rules", ""},
	{"scan", "block progress human parttable fsys fat exfat ntfs ext rules"},
	{"policy", "human"},
	{"plan", "human drive policy scan"},
	{"verify", "block progress"},
	{"erase", "block progress plan policy verify"},
	{"volume", "block progress parttable fat"},
	{"evidence", "block drive scan plan policy verify erase volume attest"},
	{"audit", "block progress drive verify volume attest"},
	{"demo", "block fat volume"},
	{"session", "human progress block durable envelope attest drive release rules scan plan policy verify erase volume evidence audit"},
	{"helper", "block attest drive rules scan plan policy volume session"},
	{"cli", "helper human progress block udisks durable envelope attest drive release rules scan plan policy volume evidence audit demo session"},
}

// apart lists pairs that must not meet even through others.
var apart = []struct{ pkg, dep, why string }{
	{"verify", "erase", "the check must not share code with what it checks"},
	{"verify", "policy", "the check must not take the pattern from the writer's side"},
	{"attest", "block", "the dashboard reads statements, and must not link code that opens drives"},
	{"envelope", "block", "the dashboard checks signatures, and must not link code that opens drives"},
	{"scan", "volume", "the scan before must not trust the code that formats"},
}

// forTests lists what is there for tests alone. These packages may import one
// another; what is shipped may import none of them.
var forTests = []string{
	"testtool", "block/blocktest", "drive/drivetest", "fsys/fsystest", "scan/scantest", "session/sessiontest", "udisks/udiskstest",
	"lab", "lab/wire", "lab/agent",
}

func TestImportsPointDownward(t *testing.T) {
	may := map[string][]string{}
	for _, layer := range layers {
		for dep := range strings.FieldsSeq(layer.may) {
			if _, above := may[dep]; !above {
				t.Fatalf("%s may import %s, which is not listed above it", layer.pkg, dep)
			}
		}
		may[layer.pkg] = strings.Fields(layer.may)
		if _, err := os.Stat(layer.pkg); err != nil {
			t.Errorf("%s is in the table and not in the tree", layer.pkg)
		}
	}
	for _, a := range apart {
		if reaches(may, a.pkg, a.dep) {
			t.Errorf("%s reaches %s: %s", a.pkg, a.dep, a.why)
		}
	}
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
			checkImports(t, file, may)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkImports(t *testing.T, file string, may map[string][]string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	pkg, _, _ := strings.Cut(path.Dir(file), "/")
	_, listed := may[pkg]
	shipped := !slices.Contains(forTests, path.Dir(file))
	if shipped && !listed {
		t.Errorf("%s: package %s is not in the table", file, pkg)
		return
	}
	for _, imp := range parsed.Imports {
		name := strings.Trim(imp.Path.Value, `"`)
		ours, ok := strings.CutPrefix(name, module)
		dep, _, _ := strings.Cut(ours, "/")
		switch test := slices.Contains(forTests, ours) || name == "testing"; {
		case shipped && test:
			t.Errorf("%s imports %s, which is for tests", file, name)
		case ok && !test && dep != pkg && !slices.Contains(may[pkg], dep):
			t.Errorf("%s imports %s; %s may import: %s", file, dep, pkg, strings.Join(may[pkg], " "))
		}
	}
}

func reaches(may map[string][]string, from, to string) bool {
	for _, dep := range may[from] {
		if dep == to || reaches(may, dep, to) {
			return true
		}
	}
	return false
}

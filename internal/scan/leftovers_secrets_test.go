package scan_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/cli"
	"github.com/panoscrub/panoscrub/internal/scan"
)

// pieceBytes is how much of a secret in a row is a leak.
const pieceBytes = 16

// secrets is every piece of all that is secret, in every form in which it could
// come out, with the name of the material that it is of.
type secrets map[[pieceBytes]byte]string

func (s secrets) add(name string, content []byte) {
	body := pemBody(content)
	plain := [][]byte{body}
	if der, err := base64.StdEncoding.DecodeString(string(body)); err == nil && len(der) >= pieceBytes {
		plain = append(plain, der)
	}
	for _, form := range plain {
		s.addPieces(name, form)
	}
	for _, form := range append(plain, content) {
		one, other := sha256.Sum256(form), sha1.Sum(form)
		for _, binary := range [][]byte{form, one[:], other[:]} {
			s.addPieces(name, []byte(hex.EncodeToString(binary)))
			s.addPieces(name, []byte(strings.ToUpper(hex.EncodeToString(binary))))
			for shift := range 3 {
				s.addPieces(name, []byte(base64.StdEncoding.EncodeToString(binary[min(shift, len(binary)):])))
			}
		}
	}
}

// pemBody is text without its armour and line ends.
func pemBody(content []byte) []byte {
	var body []byte
	for line := range bytes.Lines(content) {
		if !bytes.HasPrefix(line, []byte("-----")) {
			body = append(body, bytes.TrimSpace(line)...)
		}
	}
	return body
}

func (s secrets) addPieces(name string, form []byte) {
	for ; len(form) >= pieceBytes; form = form[1:] {
		s[[pieceBytes]byte(form)] = name
	}
}

// leaks returns where in an output a secret stands, and whose; "" for nowhere. What
// would be UTF-16 in JSON is looked through, too.
func (s secrets) leaks(output []byte) (at int, name string) {
	output = bytes.ReplaceAll(bytes.ReplaceAll(output, []byte(`\u0000`), nil), []byte{0}, nil)
	for i := 0; i+pieceBytes <= len(output); i++ {
		if name, ok := s[[pieceBytes]byte(output[i:])]; ok {
			return i, name
		}
	}
	return 0, ""
}

// noSecret fails when an output tells a secret, and does not repeat it.
func (k *kitchen) noSecret(t *testing.T, what string, output []byte) {
	t.Helper()
	if at, name := k.secrets.leaks(output); name != "" {
		t.Errorf("%s: at byte %d a piece of %s", what, at, name)
	}
}

// inspect looks at the drive as the program does, and checks what holds for each:
// a second run says the same, and no output tells a secret. A large drive
// is looked at once, and past the page cache, which would fill with zeros.
func (dir folder) inspect(t *testing.T, k *kitchen, sector int, large bool) scan.Report {
	t.Helper()
	if large {
		report, doc := dir.scanned(t, sector, block.ReadWrite)
		k.noSecret(t, "report", doc)
		return report
	}
	report, first := dir.scanned(t, sector, block.ReadOnly)
	if _, second := dir.scanned(t, sector, block.ReadOnly); !bytes.Equal(first, second) {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
	k.noSecret(t, "report", first)
	k.noSecret(t, "inspect", dir.panoscrub("inspect", dir.drive()))
	return report
}

func (dir folder) scanned(t *testing.T, sector int, mode block.Mode) (scan.Report, []byte) {
	t.Helper()
	d, err := block.OpenImageSectors(dir.drive(), mode, sector)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	report, err := scan.Run(context.Background(), d, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	return report, doc
}

// panoscrub runs the program and returns all that it printed.
func (dir folder) panoscrub(args ...string) []byte {
	var out bytes.Buffer
	code := cli.Main(append(args, "--state-dir", dir.state()), nil, &out, &out)
	fmt.Fprintf(&out, "\nexit code %d\n", code)
	return out.Bytes()
}

func (dir folder) state() string { return filepath.Join(string(dir), "state") }

// sanitize erases the drive, and says what is wrong then: something is left on it.
// Nothing that this prints and records may tell a secret.
func (dir folder) sanitize(t *testing.T, k *kitchen) (problems []string) {
	t.Helper()
	out := dir.panoscrub("sanitize", dir.drive(), "--appliance", "device-abcdefghijklmnopqrstuvwxya", "--yes")
	k.noSecret(t, "sanitize", out)
	if bytes.Contains(out, []byte("too small")) {
		return nil
	}
	if after := dir.panoscrub("inspect", dir.drive()); !bytes.Contains(out, []byte("exit code 0")) || !bytes.Contains(after, []byte("CLEAN")) {
		problems = append(problems, fmt.Sprintf("after sanitize:\n%s\n%s", out, after))
	}
	for _, path := range dir.recorded(t) {
		k.noSecret(t, path, dir.read(t, path))
	}
	return problems
}

// recorded lists what a run left in the state folder but for its own key, whose
// form is that of other keys.
func (dir folder) recorded(t *testing.T) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(string(dir)), "state", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(path, "state/keys/") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Errorf("no record: %v", err)
	}
	return files
}

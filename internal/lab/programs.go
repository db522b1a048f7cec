package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// programs are those that are built for the guest.
type programs struct{ agent, panoscrub []byte }

// module is the path of this Go module.
const goModule = "github.com/panoscrub/panoscrub"

// build builds what the guest runs, as it is shipped.
func build(dir string) (p programs, err error) {
	if p.agent, err = buildOne(dir, "internal/lab/agent"); err != nil {
		return p, err
	}
	p.panoscrub, err = buildOne(dir, "cmd/panoscrub")
	return p, err
}

func buildOne(dir, pkg string) ([]byte, error) {
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, goModule+"/"+pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w: %s", pkg, err, said)
	}
	return os.ReadFile(out)
}

// library is a line of ldd about a file that there is: the path in it.
var library = regexp.MustCompile(`(?m)(/\S+) \(0x[0-9a-f]+\)$`)

// findProgram finds a program of this machine, and the libraries that it needs;
// none for a static one.
func findProgram(name string) (path string, libraries []string, err error) {
	if path, err = findTool(name); err != nil {
		return "", nil, err
	}
	// ldd fails for a static program, and says so.
	out, _ := exec.Command("ldd", path).CombinedOutput()
	for _, m := range library.FindAllStringSubmatch(string(out), -1) {
		libraries = append(libraries, m[1])
	}
	return path, libraries, nil
}

// findTool finds a program, also where only root's shell looks for it.
func findTool(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", missing("%s", name)
}

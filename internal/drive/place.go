package drive

import (
	"os"
	"path/filepath"
	"strings"
)

// noteOwn finds the devices that this program's own places lie on.
func (s System) noteOwn(u *usage) {
	for _, own := range s.Own {
		for _, number := range s.devicesUnder(own.Path, u.mounts) {
			u.own[number] = append(u.own[number], own.What+" "+own.Path)
		}
	}
}

// devicesUnder is the numbers of the devices that a path lies on; none for one in
// memory or on the network. What the kernel says of the file counts more than the
// mount table, which does not show a file system that was detached while in use.
func (s System) devicesUnder(path string, mounts []mount) []string {
	if info, err := os.Stat(path); err == nil && s.Root == Host().Root {
		if number, ok := fileSystem(info); ok && !strings.HasPrefix(number, "0:") {
			return []string{number}
		}
	}
	return s.placeOf(path, mounts, nil).devices
}

// placeOf is the mounted file system that a path lies on, other than except: the
// last of those with the longest mount point above it.
func (s System) placeOf(path string, mounts []mount, except *mount) *mount {
	best := &mount{}
	inside, ok := s.below(s.Root, leadsTo(path))
	if !ok {
		return best
	}
	inside = "/" + filepath.ToSlash(inside)
	for i := range mounts {
		if m := &mounts[i]; m != except && len(m.point) >= len(best.point) && isAbove(m.point, inside) {
			best = m
		}
	}
	return best
}

// leadsTo is where a path leads. What of it does not exist, or may not be looked
// at, is taken as it is written.
func leadsTo(path string) string {
	for rest := ""; ; {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(real, rest)
		}
		up, name := filepath.Dir(path), filepath.Base(path)
		if up == path {
			return filepath.Join(path, rest)
		}
		path, rest = up, filepath.Join(name, rest)
	}
}

// isAbove reports whether a folder is the path or holds it, judged by the names.
func isAbove(folder, path string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(folder, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

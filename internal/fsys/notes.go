package fsys

import (
	"fmt"
	"slices"
	"sync"
)

// maxNotes bounds what a file system made to annoy can have us say.
const maxNotes = 64

// Notes keeps what is wrong with a file system, in words, each once. It is safe
// for concurrent use; the zero value is ready.
type Notes struct {
	mu   sync.Mutex
	list []string
}

// Add notes a text, which quotes nothing from the drive but numbers.
func (n *Notes) Add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	switch have := len(n.list); {
	case have > maxNotes || slices.Contains(n.list, text):
	case have == maxNotes:
		n.list = append(n.list, "there is more that is wrong with the file system")
	default:
		n.list = append(n.list, text)
	}
}

// List is what was noted so far, in order.
func (n *Notes) List() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.list)
}

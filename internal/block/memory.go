package block

import (
	"fmt"
	"sync"
)

// Memory is a [Device] in memory, as strict as a drive. It has nothing to
// release: it can be used again after Close.
type Memory struct {
	mu     sync.RWMutex
	data   []byte
	sector int
	align  int
}

// NewMemory returns a device of size zero bytes, aligned to its sectors.
func NewMemory(size int64, sectorSize int) *Memory {
	return &Memory{data: make([]byte, size), sector: sectorSize, align: sectorSize}
}

// SetAlignment sets what requests must be aligned to, before the first of them.
func (m *Memory) SetAlignment(n int) { m.align = n }

// Bytes returns what is stored, not a copy. Nothing guards it against a WriteAt
// at the same time.
func (m *Memory) Bytes() []byte { return m.data }

func (m *Memory) Size() int64     { return int64(len(m.data)) }
func (m *Memory) SectorSize() int { return m.sector }
func (m *Memory) Alignment() int  { return m.align }

func (m *Memory) ReadAt(p []byte, off int64) (int, error) {
	if err := Admit(m, p, off); err != nil {
		return 0, fmt.Errorf("reading memory: %w", err)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return copy(p, m.data[off:]), nil
}

func (m *Memory) WriteAt(p []byte, off int64) (int, error) {
	if err := Admit(m, p, off); err != nil {
		return 0, fmt.Errorf("writing memory: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return copy(m.data[off:], p), nil
}

func (m *Memory) Sync() error  { return nil }
func (m *Memory) Check() error { return nil }
func (m *Memory) Close() error { return nil }

// Reset has nothing to do.
func (m *Memory) Reset() error { return &NoResetError{Because: "memory has no cache of its own"} }

// BypassesHostCache is true: no page cache stands before the bytes.
func (m *Memory) BypassesHostCache() bool { return true }

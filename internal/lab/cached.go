package lab

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Cached is a medium behind a volatile cache of the stick's own: reads are answered
// from it, SYNCHRONIZE CACHE moves it to the medium, and a reset of the stick
// empties it.
type Cached struct {
	Lies bool // it says that it has stored what it holds, and keeps holding it

	medium Medium
	resets func() (int, error) // how many there were so far
	seen   int                 // of them
	held   map[int64][]byte    // blocks by their offsets
}

// cacheBlock is what the emulator's requests are made of.
const cacheBlock = 512

// Inside is for [Stick.Inside].
func (c *Cached) Inside(m Medium) Medium {
	c.medium, c.held = m, map[int64][]byte{}
	return c
}

// notice loses what is held if the stick was reset since the last request. The
// emulator tells of a reset before it takes the next request.
func (c *Cached) notice() error {
	n, err := c.resets()
	if err != nil {
		return err
	}
	if n != c.seen {
		clear(c.held)
		c.seen = n
	}
	return nil
}

func (c *Cached) ReadAt(p []byte, off int64) (int, error) {
	if err := c.notice(); err != nil {
		return 0, err
	}
	n, err := c.medium.ReadAt(p, off)
	for at := int64(0); at < int64(n); at += cacheBlock {
		copy(p[at:], c.held[off+at])
	}
	return n, err
}

func (c *Cached) WriteAt(p []byte, off int64) (int, error) {
	if off%cacheBlock != 0 || len(p)%cacheBlock != 0 {
		return 0, fmt.Errorf("%d bytes at %d are not whole blocks", len(p), off)
	}
	if err := c.notice(); err != nil {
		return 0, err
	}
	for at := 0; at < len(p); at += cacheBlock {
		c.held[off+int64(at)] = bytes.Clone(p[at : at+cacheBlock])
	}
	return len(p), nil
}

// Flush is what SYNCHRONIZE CACHE comes to.
func (c *Cached) Flush() error {
	if err := c.notice(); err != nil || c.Lies {
		return err
	}
	for off, block := range c.held {
		if _, err := c.medium.WriteAt(block, off); err != nil {
			return err
		}
	}
	clear(c.held)
	return nil
}

// The emulator tells of each reset of a port in a file: no server of blocks hears
// of one.
const portReset = "usb_xhci_port_reset"

func (g *Guest) trace() string { return filepath.Join(g.dir, "trace") }

// resets is how often the port of the stick was reset.
func (p *Plugged) resets() (int, error) {
	told, err := os.ReadFile(p.guest.trace())
	return bytes.Count(told, fmt.Appendf(nil, "%s port %d,", portReset, p.port)), err
}

// tellsOfResets returns a *[MissingError] for an emulator that was built without
// its tracing.
func (g *Guest) tellsOfResets() error {
	var events []struct{ State string }
	if err := g.monitor.do("trace-event-get-state", object{"name": portReset}, &events); err != nil {
		return missing("an emulator that tells of resets: %v", err)
	}
	for _, event := range events {
		if event.State != "enabled" {
			return missing("an emulator that tells of resets, which is %s in this one", event.State)
		}
	}
	return nil
}

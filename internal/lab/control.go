package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// errGone is what becomes of a program when its guest has gone.
var errGone = errors.New("the guest has gone")

// control is the lab's end of the port to the guest.
type control struct {
	ready chan error // gets one value

	mu      sync.Mutex // guards what follows
	out     *json.Encoder
	last    int
	running map[int]*Process
}

func openControl(conn net.Conn) *control {
	c := &control{ready: make(chan error, 1), out: json.NewEncoder(conn), running: map[int]*Process{}}
	go c.listen(conn)
	return c
}

// listen hands on what the guest tells, until it has gone.
func (c *control) listen(conn net.Conn) {
	defer conn.Close()
	for in := json.NewDecoder(conn); ; {
		var r wire.Reply
		if err := in.Decode(&r); err != nil {
			c.gone(fmt.Errorf("%w: %w", errGone, err))
			return
		}
		c.hear(r)
	}
}

func (c *control) hear(r wire.Reply) {
	var err error
	if r.Error != "" {
		err = errors.New(r.Error)
	}
	if r.ID == 0 {
		c.ready <- err
		return
	}
	c.mu.Lock()
	p := c.running[r.ID]
	if r.Ended {
		delete(c.running, r.ID)
	}
	c.mu.Unlock()
	if p != nil {
		p.hear(r, err)
	}
}

// gone ends all that waits.
func (c *control) gone(err error) {
	select {
	case c.ready <- err:
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, p := range c.running {
		p.hear(wire.Reply{ID: id, Ended: true}, err)
	}
	clear(c.running)
}

func (c *control) awaitReady() error {
	select {
	case err := <-c.ready:
		return err
	case <-time.After(patience):
		return errors.New("the guest does not get ready")
	}
}

//go:build linux

// Command agent is the first process of the lab's guest: it makes the system
// ready, and runs what the lab asks for, any number of programs at once. Under
// its other name it is what gives root's rights there.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "elevate:", elevate(os.Args[1:]))
		os.Exit(1)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
	}
	// Process 1 must not end. Nobody listens any more: there is nothing left to do.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// run makes the system ready and serves the lab until it goes away.
func run() error {
	if err := prepare(); err != nil {
		return err
	}
	port, err := openPort()
	if err != nil {
		return err
	}
	defer port.Close()
	s := server{replies: json.NewEncoder(port), running: map[int]*program{}}
	if err := mountSystemDisk(); err != nil {
		return errors.Join(err, s.send(wire.Reply{Error: err.Error()}))
	}
	if err := s.send(wire.Reply{}); err != nil {
		return err
	}
	return s.serve(json.NewDecoder(port))
}

// server runs what is asked for.
type server struct {
	mu      sync.Mutex // guards what follows
	replies *json.Encoder
	running map[int]*program
}

func (s *server) send(r wire.Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replies.Encode(r)
}

func (s *server) serve(requests *json.Decoder) error {
	for {
		var r wire.Request
		if err := requests.Decode(&r); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if len(r.Argv) == 0 {
			s.input(r)
			continue
		}
		s.start(r)
	}
}

// start runs a program, and tells of it until it has ended.
func (s *server) start(r wire.Request) {
	p, err := start(r, func(out wire.Reply) { _ = s.send(out) })
	if err != nil {
		_ = s.send(wire.Reply{ID: r.ID, Ended: true, Code: 127, Error: err.Error()})
		return
	}
	s.mu.Lock()
	s.running[r.ID] = p
	s.mu.Unlock()
	go func() {
		code := p.wait()
		s.mu.Lock()
		delete(s.running, r.ID)
		s.mu.Unlock()
		_ = s.send(wire.Reply{ID: r.ID, Ended: true, Code: code})
	}()
}

// input gives input to a program, unless it has ended meanwhile.
func (s *server) input(r wire.Request) {
	s.mu.Lock()
	p := s.running[r.ID]
	s.mu.Unlock()
	if p != nil && p.terminal != nil {
		_, _ = p.terminal.Write(r.Input)
	}
}

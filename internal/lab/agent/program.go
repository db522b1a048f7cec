//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/panoscrub/panoscrub/internal/lab/wire"
)

// program is one that runs.
type program struct {
	cmd      *exec.Cmd
	terminal *os.File // the side where the person sits; nil without a terminal
	reading  sync.WaitGroup
}

// start starts what is asked for; tell is called for all that it prints.
func start(r wire.Request, tell func(wire.Reply)) (*program, error) {
	p := &program{cmd: exec.Command(r.Argv[0], r.Argv[1:]...)}
	p.cmd.Dir = "/"
	p.cmd.Env = append(os.Environ(), r.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: r.UID, Gid: r.UID}, Setsid: true}
	say := func(out []byte) { tell(wire.Reply{ID: r.ID, Stdout: out}) }
	if r.Terminal {
		return p, p.startAtTerminal(r, say)
	}
	p.cmd.Stdout = tellWriter(say)
	p.cmd.Stderr = tellWriter(func(out []byte) { tell(wire.Reply{ID: r.ID, Stderr: out}) })
	return p, p.cmd.Start()
}

// startAtTerminal starts it in a session of its own, whose terminal it has.
func (p *program) startAtTerminal(r wire.Request, say func([]byte)) error {
	person, tty, err := terminal(int(r.UID))
	if err != nil {
		return err
	}
	defer tty.Close()
	p.terminal = person
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = tty, tty, tty
	p.cmd.SysProcAttr.Setctty = true
	if err := p.cmd.Start(); err != nil {
		return errors.Join(err, person.Close())
	}
	p.reading.Go(func() {
		// It ends with an error when the last one has left the terminal.
		_, _ = io.Copy(tellWriter(say), person)
	})
	return nil
}

// wait waits for the program and for all that it printed, and returns its code.
func (p *program) wait() int {
	// The error says what the state says.
	_ = p.cmd.Wait()
	p.reading.Wait()
	if p.terminal != nil {
		_ = p.terminal.Close()
	}
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}

// terminal makes a terminal for a user.
func terminal(uid int) (person, tty *os.File, err error) {
	person, err = os.OpenFile("/dev/pts/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		err = tty.Chown(uid, uid)
	}
	if err != nil {
		return nil, nil, errors.Join(err, person.Close())
	}
	return person, tty, nil
}

// tellWriter is a writer that tells what is written.
type tellWriter func([]byte)

func (t tellWriter) Write(p []byte) (int, error) {
	t(p)
	return len(p), nil
}

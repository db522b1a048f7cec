package helper

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Command is the subcommand of the program that is the helper.
const Command = "helper"

// ElevateVariable names the program that starts the helper with root's rights, with
// its arguments, where the usual ones will not do: "doas", "sudo -n".
const ElevateVariable = "PANOSCRUB_ELEVATE"

// ErrNoWay says that nothing here gives root's rights.
var ErrNoWay = fmt.Errorf("%w: neither pkexec nor sudo is installed, and %s names nothing else", ErrNotStarted, ElevateVariable)

// Elevated returns how a helper of this very program is started with root's
// rights: what it needs to ask for goes to the terminal, or to the desktop's agent.
func Elevated() (Client, error) {
	elevate, err := elevator(os.Getenv, exec.LookPath)
	if err != nil {
		return Client{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return Client{}, fmt.Errorf("finding this program, to start it as the helper: %w", err)
	}
	return Client{Start: func() (io.WriteCloser, io.Reader, func() error, error) {
		return start(append(elevate, self, Command))
	}}, nil
}

// elevator is the command that gives root's rights: what the environment names; in
// a graphical session pkexec, which asks there; else sudo, which asks at the
// terminal; else whichever is there.
func elevator(getenv func(string) string, find func(string) (string, error)) ([]string, error) {
	if named := strings.Fields(getenv(ElevateVariable)); len(named) > 0 {
		return named, nil
	}
	choice := []string{"sudo", "pkexec"}
	if getenv("WAYLAND_DISPLAY") != "" || getenv("DISPLAY") != "" {
		choice = []string{"pkexec", "sudo"}
	}
	for _, program := range choice {
		if path, err := find(program); err == nil {
			return []string{path}, nil
		}
	}
	return nil, ErrNoWay
}

// start starts a helper. What it has to say besides goes to this program's stderr.
func start(command []string) (io.WriteCloser, io.Reader, func() error, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	return in, out, cmd.Wait, nil
}

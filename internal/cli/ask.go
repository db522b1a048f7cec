package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"github.com/panoscrub/panoscrub/internal/session"
)

// Questions go to the terminal itself and not to stderr, so that they are seen
// wherever the output goes. Answers come from stdin, which must be a terminal
// too: what is piped in was not typed by somebody who read the question.

// canAsk reports whether a person can be asked.
func (a *app) canAsk() bool {
	if a.stdin == nil || !term.IsTerminal(int(a.stdin.Fd())) {
		return false
	}
	tty, err := openTerminal()
	if err != nil {
		return false
	}
	return tty.Close() == nil
}

// openTerminal opens the terminal that this process belongs to, for writing.
func openTerminal() (*os.File, error) {
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONOUT$"
	}
	return os.OpenFile(name, os.O_WRONLY, 0)
}

// tell writes to the terminal.
func tell(format string, args ...any) error {
	tty, err := openTerminal()
	if err != nil {
		return err
	}
	defer tty.Close()
	_, err = fmt.Fprintf(tty, format, args...)
	return err
}

// ask puts a question and waits for a line, or for the end of ctx.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	if err := tell("%s", question); err != nil {
		return "", err
	}
	type reply struct {
		line string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		replies <- reply{strings.TrimSpace(line), err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case r := <-replies:
		if r.err != nil {
			return "", session.ErrDeclined
		}
		return r.line, nil
	}
}

// askSecret puts a question whose answer is not shown.
func (a *app) askSecret(question string) ([]byte, error) {
	if err := tell("%s", question); err != nil {
		return nil, err
	}
	answer, err := term.ReadPassword(int(a.stdin.Fd()))
	_ = tell("\n")
	return answer, err
}

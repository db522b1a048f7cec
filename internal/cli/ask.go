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
	line, err := await(ctx, func() (string, error) { return bufio.NewReader(a.stdin).ReadString('\n') })
	switch {
	case ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", session.ErrDeclined
	}
	return strings.TrimSpace(line), nil
}

// await waits for an answer, or for the end of ctx. The read cannot be stopped:
// it then waits on until the program ends.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type reply struct {
		answer T
		err    error
	}
	replies := make(chan reply, 1)
	go func() {
		answer, err := read()
		replies <- reply{answer, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	case r := <-replies:
		return r.answer, r.err
	}
}

// askSecret puts a question whose answer is not shown. However it ends, the
// terminal shows again what is typed.
func (a *app) askSecret(ctx context.Context, question string) ([]byte, error) {
	fd := int(a.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	defer func() { _ = term.Restore(fd, before) }()
	if err := tell("%s", question); err != nil {
		return nil, err
	}
	answer, err := await(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	_ = tell("\n")
	return answer, err
}

package helper

import (
	"io"
	"testing"

	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/session/sessiontest"
)

// throughPipes is a client whose helper is a goroutine of this process, which
// works as local does.
func throughPipes(t testing.TB, local *session.Local) session.Worker {
	return Client{Start: func() (io.WriteCloser, io.Reader, func() error, error) {
		in, orders := io.Pipe()
		news, out := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			err := Serve(t.Context(), local, in, out)
			_ = out.Close()
			ended <- err
		}()
		return orders, news, func() error { return <-ended }, nil
	}}
}

func TestClient(t *testing.T) { sessiontest.Workers(t, throughPipes) }

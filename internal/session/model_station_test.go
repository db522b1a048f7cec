package session_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/session"
)

const serialFile, serial, otherSerial = "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/serial", "4C530001230405117322", "4C530001230405117323"

// replugged is the operator who is asked to pull the stick out and plug it in again.
func (t *trial) replugged(context.Context, drive.Drive, string) (bool, error) {
	switch t.replug {
	case declines:
		return false, nil
	case replugs:
		t.lose(t.stick.PowerCycle)
		t.emptied = attest.CacheDefenceReplug
	case usesIt:
		t.lose(t.stick.PowerCycle)
		t.emptied = attest.CacheDefenceReplug
		t.plant(t.size/2, 1000)
	case swapsIt:
		t.lose(t.stick.PowerCycle)
		t.set(serialFile, otherSerial)
	case losesIt:
		t.set(serialFile, otherSerial)
		t.stick.Vanish()
	}
	return true, nil
}

// local is the worker in the process that may open the drive.
func (t *trial) local() *session.Local {
	l := &session.Local{
		System: drive.System{Root: t.tree}, Access: attest.AccessDirect, Now: time.Now,
		Tool: attest.Tool{Name: "panoscrub", Version: "test", GoVersion: "go1.26", OS: "linux", Arch: "amd64"},
		Open: func(context.Context, drive.Drive, block.Mode) (block.Device, error) {
			return handle{t.stick.Reopen(), t}, nil
		},
	}
	switch {
	case t.helper:
		l.Access, l.Opened = attest.AccessHelper, func() error { return nil }
	case t.replug != notThere:
		l.Replug = t.replugged
	}
	return l
}

// worker is local, or a helper in which it works.
func (t *trial) worker(ctx context.Context) session.Worker {
	local := t.local()
	if !t.helper {
		return local
	}
	return helper.Client{Start: func() (io.WriteCloser, io.Reader, func() error, error) {
		in, orders := io.Pipe()
		news, out := io.Pipe()
		over := make(chan error, 1)
		go func() {
			err := helper.Serve(ctx, local, in, out)
			_ = out.Close()
			over <- err
		}()
		return orders, news, func() error { return <-over }, nil
	}}
}

// watched is a worker whose desk has a witness.
type watched struct {
	session.Worker
	*trial
}

// Sanitize implements session.Worker.
func (w watched) Sanitize(ctx context.Context, req session.Request, d session.Desk) error {
	return w.Worker.Sanitize(ctx, req, desk{d, w.trial})
}

// signer is the key in the moment in which the record is signed.
type signer struct {
	*envelope.Key
	*trial
}

// Sign implements envelope.Signer.
func (s signer) Sign(ctx context.Context, data []byte) (_ []byte, err error) {
	s.mu.Lock()
	switch s.event {
	case signing:
		s.die()
	case unnoted:
		s.after, err = filesOf(s.state)
	case unstorable:
		err = os.Rename(filepath.Join(s.state, durable.Records), filepath.Join(s.state, "away"))
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.Key.Sign(ctx, data)
}

func (t *trial) options(ctx context.Context, resume *session.Resume) session.Options {
	return session.Options{
		Worker: watched{t.worker(ctx), t}, State: t.state, Signer: signer{t.key, t}, Now: time.Now, Emit: func(session.Event) {},
		Request: session.Request{
			Look: session.Look{Target: t.target}, Policy: t.policy, Label: "PANORAMA", Resume: resume,
			Stated: evidence.Stated{ApplianceID: "device-abcdefghijklmnopqrstuvwxya"},
		},
		Confirm: func(context.Context, drive.Drive, plan.Plan) (string, error) { return "--yes", nil },
	}
}

package cli

import (
	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/session"
)

// worker does what is done at a drive.
func (a *app) worker() session.Worker {
	return session.Local{System: a.system, Tool: a.tool(), Access: attest.AccessDirect, Now: a.now}
}

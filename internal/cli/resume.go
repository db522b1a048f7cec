package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/session"
)

// resume finds out whether to go on with an earlier run that ended early on the
// drive, and whether the operator wants that: by flag, or when asked.
func (a *app) resume(ctx context.Context, o sanitizeOptions, state string, key envelope.PublicKey, d drive.Drive, p policy.Policy) (*session.Resume, error) {
	earlier, err := session.Resumable(state, key, d, p)
	switch {
	case err != nil:
		return nil, err
	case earlier == nil && o.resume:
		a.notice("there is no earlier run to go on with: it begins anew")
		return nil, nil
	case earlier == nil || o.resume:
		return earlier, nil
	case !o.present:
		a.notice("%s; --resume goes on there, this run begins anew", earlierWords(*earlier, d, p))
		return nil, nil
	}
	answer, err := a.ask(ctx, fmt.Sprintf("\n%s.\nType resume to go on there, or press Enter to begin anew: ", earlierWords(*earlier, d, p)))
	if err != nil || !strings.EqualFold(answer, "resume") {
		return nil, err
	}
	return earlier, nil
}

// earlierWords says how far an earlier run was.
func earlierWords(r session.Resume, d drive.Drive, p policy.Policy) string {
	last := r.Last()
	reached := "when every pass was done"
	if passes := len(p.Passes); last.Pass <= passes {
		reached = fmt.Sprintf("in pass %d of %d, at %d %%", last.Pass, passes, int(100*float64(last.Bytes)/float64(d.Identity.SizeBytes)))
	}
	return fmt.Sprintf("an earlier run on this drive, %s, ended early on %s, %s", last.CertificateID, last.Ended.Local().Format("2 January 2006 at 15:04"), reached)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/session"
)

// replug has whoever sits there pull a drive out and plug it in again. An end of the
// input is a no.
func (a *app) replug(ctx context.Context, d drive.Drive, because string) (bool, error) {
	answer, err := a.ask(ctx, fmt.Sprintf(`
%s was overwritten. Its own cache could answer when it is
read back, and it cannot be reset: %s.
Pull it out, wait a few seconds, plug it in again, and press Enter; or type
"skip" to go on without, which the record will say: `, d.Name(), human.Safe(because)))
	if errors.Is(err, session.ErrDeclined) {
		return false, nil
	}
	return err == nil && !strings.EqualFold(answer, "skip"), err
}

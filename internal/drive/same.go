package drive

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/human"
)

// ChangedError says that a path no longer leads to the drive that was looked at.
// It wraps [block.ErrChanged].
type ChangedError struct {
	Path string
	What []string // what differs, in words
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s is not the drive that it was: its %s differs", human.Safe(e.Path), strings.Join(e.What, ", "))
}

func (e *ChangedError) Unwrap() error { return block.ErrChanged }

// Same looks at a drive afresh and returns nil when its path still leads to it:
// the same identity, on the same port, and not taken out meanwhile. Otherwise it
// returns a *[ChangedError], or an error that wraps [block.ErrGone].
func (s System) Same(d Drive) error {
	now, err := s.Resolve(d.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && now.Attachment.Node == "" && d.Attachment.Node != "":
		return fmt.Errorf("%s %w", human.Safe(d.Path), block.ErrGone)
	case err != nil:
		return err
	}
	if what := differences(d, now); len(what) > 0 {
		return &ChangedError{Path: d.Path, What: what}
	}
	return nil
}

func differences(then, now Drive) (what []string) {
	a, b := then.Identity, now.Identity
	for _, f := range []struct {
		name   string
		differ bool
	}{
		{"kind", a.Kind != b.Kind},
		{"USB ID", a.VendorID != b.VendorID || a.ProductID != b.ProductID},
		{"serial", a.Serial != b.Serial},
		{"size", a.SizeBytes != b.SizeBytes},
		{"port", then.Attachment.PortPath != now.Attachment.PortPath},
		{"disk sequence number", then.Attachment.Diskseq != now.Attachment.Diskseq},
		{"device number", then.Attachment.DevNumber != now.Attachment.DevNumber},
		{"backing file", then.Attachment.Backing != now.Attachment.Backing},
	} {
		if f.differ {
			what = append(what, f.name)
		}
	}
	if len(what) == 0 && a != b {
		what = []string{"description of itself"}
	}
	return what
}

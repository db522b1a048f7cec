package helper

import (
	"context"
	"errors"
	"io/fs"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// failure is an error on its way to the other side: its words, and what it goes
// back to as far as anybody there acts on it.
type failure struct {
	Text    string              `json:"text"`
	Causes  []string            `json:"causes,omitempty"`
	Refused *drive.RefusedError `json:"refused,omitempty"`
}

// causes are the errors that callers tell apart, by the names that they travel
// under.
var causes = map[string]error{
	"busy":          block.ErrBusy,
	"read-only":     block.ErrReadOnly,
	"not-image":     block.ErrNotImage,
	"not-drive":     block.ErrNotDrive,
	"wrong-mode":    block.ErrWrongMode,
	"empty":         block.ErrEmpty,
	"changed":       block.ErrChanged,
	"gone":          block.ErrGone,
	"unsupported":   block.ErrUnsupported,
	"too-small":     volume.ErrTooSmall,
	"declined":      session.ErrDeclined,
	"rules":         rules.ErrInvalid,
	"policy":        policy.ErrInvalid,
	"missing":       fs.ErrNotExist,
	"no-permission": fs.ErrPermission,
	"canceled":      context.Canceled,
}

// fail makes an error ready to travel.
func fail(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Text: err.Error()}
	errors.As(err, &f.Refused)
	for name, cause := range causes {
		if errors.Is(err, cause) {
			f.Causes = append(f.Causes, name)
		}
	}
	return f
}

// error is the failure as an error of this side; nil for none.
func (f *failure) error() error {
	if f == nil {
		return nil
	}
	e := &remoteError{text: f.Text}
	if f.Refused != nil {
		e.is = append(e.is, f.Refused)
	}
	for _, name := range f.Causes {
		if cause, known := causes[name]; known {
			e.is = append(e.is, cause)
		}
	}
	return e
}

// remoteError is an error of the other side.
type remoteError struct {
	text string
	is   []error
}

func (e *remoteError) Error() string   { return e.text }
func (e *remoteError) Unwrap() []error { return e.is }

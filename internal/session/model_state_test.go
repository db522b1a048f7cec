package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/session"
)

// files are the files of a state folder's records and journals, by path.
type files map[string][]byte

func filesOf(state string) (files, error) {
	all := files{}
	for _, folder := range []string{durable.Records, durable.Journals} {
		paths, err := filepath.Glob(filepath.Join(state, folder, "*.json*"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if all[path], err = os.ReadFile(path); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// restore makes the state folder as it was. What a dying process was appending stands
// behind its journal.
func (t *trial) restore(state string, keep bool) error {
	now, err := filesOf(state)
	if err != nil {
		return err
	}
	for path := range now {
		if _, was := t.after[path]; !was && !keep {
			err = errors.Join(err, os.Remove(path))
		}
	}
	for path, data := range t.after {
		if filepath.Base(filepath.Dir(path)) == durable.Journals && t.torn && !keep {
			data = append(slices.Clip(data), `{"at":"2000-01-01T00:0`...)
		}
		if !bytes.Equal(now[path], data) {
			err = errors.Join(err, os.WriteFile(path, data, 0o600))
		}
	}
	return err
}

// statement reads a record as an auditor does.
func (w *world) statement(certificate string) (attest.Statement, error) {
	path := session.RecordPath(w.state, certificate)
	data, err := os.ReadFile(path)
	if err != nil {
		return attest.Statement{}, err
	}
	env, err := envelope.Parse(data)
	if err != nil {
		return attest.Statement{}, err
	}
	payload, _, err := envelope.Verify(env, attest.PayloadType, w.key.Public())
	if err != nil {
		return attest.Statement{}, err
	}
	var s attest.Statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return attest.Statement{}, err
	}
	document, err := os.ReadFile(session.DrivePath(path))
	if err != nil {
		return attest.Statement{}, err
	}
	if problems := append(s.Validate(), attest.CheckDriveDocument(s, document)...); len(problems) > 0 {
		return attest.Statement{}, fmt.Errorf("the record contradicts itself: %v", problems)
	}
	return s, nil
}

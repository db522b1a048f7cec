package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/durable"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/session"
)

// passphraseFileVariable names a file whose first line is the key's passphrase,
// for where nobody can type it.
const passphraseFileVariable = "PANOSCRUB_PASSPHRASE_FILE"

// stateDir is the state folder, made if need be.
func (a *app) stateDir() (string, error) { return durable.Dir(a.stateFlag) }

// signingKey is where the signing key stands; its public half is beside it.
func signingKey(state string) string { return filepath.Join(state, durable.Keys, "signing.pem") }

// ownPlaces are what this program itself needs: no drive with one of them may be
// touched. A state folder that cannot be found is told by the commands that need
// one.
func (a *app) ownPlaces() []drive.Place {
	current, err := os.Getwd()
	if err != nil {
		current = "." // it has no name any more, and lies somewhere all the same
	}
	places := []drive.Place{{What: "the current directory", Path: current}}
	if program, err := os.Executable(); err == nil {
		places = append(places, drive.Place{What: "the program", Path: program})
	}
	if state, err := durable.Existing(a.stateFlag); err == nil && state != "" {
		places = append(places, drive.Place{What: "the state folder", Path: state})
	}
	return places
}

type whenMissing bool

const (
	makeKey   whenMissing = true  // make a key, and say so
	keyMustBe whenMissing = false // a missing key is an error
)

// defaultAlgorithm is what a key is of when nobody says otherwise.
const defaultAlgorithm = envelope.Ed25519

// signer loads the signing key. The first run of all makes one.
func (a *app) signer(ctx context.Context, state string, missing whenMissing) (envelope.Signer, error) {
	if a.key != nil {
		return a.key, nil
	}
	path := signingKey(state)
	signer, err := envelope.Load(path, func() ([]byte, error) { return a.passphrase(ctx) })
	if err == nil {
		a.key = signer // a passphrase is asked for once
	}
	if !errors.Is(err, fs.ErrNotExist) || missing != makeKey {
		return signer, err
	}
	if signer, err = a.newKey(state, defaultAlgorithm, nil); err != nil {
		return nil, err
	}
	a.notice("made a signing key: %s\n        its public half, for whoever verifies: %s", human.Safe(path), human.Safe(path+".pub"))
	return signer, nil
}

func (a *app) newKey(state string, algorithm envelope.Algorithm, passphrase []byte) (envelope.Signer, error) {
	key, err := envelope.Generate(algorithm)
	if err != nil {
		return nil, err
	}
	return key, key.Save(signingKey(state), passphrase)
}

// passphrase asks for the key's passphrase, or reads it from the file that the
// environment names.
func (a *app) passphrase(ctx context.Context) ([]byte, error) {
	if path := os.Getenv(passphraseFileVariable); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			// Not wrapped: that this file is missing does not mean that the key is.
			return nil, fmt.Errorf("%w: the file that %s names cannot be read: %v", errNeedPassphrase, passphraseFileVariable, err)
		}
		line, _, _ := bytes.Cut(data, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
	if !a.canAsk() {
		return nil, errNeedPassphrase
	}
	return a.askSecret(ctx, "Passphrase of the signing key: ")
}

var errNeedPassphrase = errors.New("the signing key is locked with a passphrase, and there is nobody to ask for it")

// recoverOrphans turns the journals of runs that died into their records, at the
// start of every command. It never keeps a command from running: what cannot be
// recovered now is said, and stays for the next start.
func (a *app) recoverOrphans(ctx context.Context, command string) error {
	if command == "help" || command == "completion" || command == helper.Command || strings.HasPrefix(command, cobra.ShellCompRequestCmd) {
		return nil
	}
	state, err := durable.Existing(a.stateFlag)
	if err != nil || state == "" {
		return nil // no state folder, no orphans; commands that need one say what is wrong
	}
	recovered, err := session.Recover(ctx, state, func() (envelope.Signer, error) { return a.signer(ctx, state, keyMustBe) })
	for _, r := range recovered {
		a.notice("an earlier run on %s ended without storing its record: it is stored now, as %s\n        %s", r.Target, r.Verdict, human.Safe(r.Record))
	}
	if err != nil {
		a.notice("an earlier run's record could not be made now, and is kept for the next start: %s", human.Safe(err.Error()))
	}
	return nil
}

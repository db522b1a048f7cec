package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/helper"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/release"
	"github.com/panoscrub/panoscrub/internal/rules"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/udisks"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// finish prints an error with the advice that belongs to it, and returns the
// exit code. It is the one place where errors become words for people.
func (a *app) finish(err error) int {
	var already outcome
	if err == nil || errors.As(err, &already) {
		return exitCode(err)
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		prefix := "panoscrub: "
		if i > 0 {
			prefix = "           "
		}
		fmt.Fprintln(a.stderr, prefix+human.Printable(line))
	}
	for _, hint := range hints(err) {
		fmt.Fprintln(a.stderr, "hint: "+hint)
	}
	return exitCode(err)
}

// hints says what to do about an error, and for a target whether it was touched.
func hints(err error) []string {
	var (
		refused     *drive.RefusedError
		notAgreed   *release.NotAgreedError
		usage       usageError
		unstored    *session.RecordError
		interrupted interruptedError
		notBegun    notBegunError
		unknown     *policy.UnknownError
	)
	switch {
	case errors.Is(err, policy.ErrInvalid):
		return []string{`"panoscrub policy --help" shows how a policy is written`}
	case errors.As(err, &unknown):
		return []string{`"panoscrub policy" lists the policies; --policy-file takes one of your own`}
	case errors.Is(err, rules.ErrInvalid):
		return []string{`"panoscrub rules --help" shows how rules are written`}
	case errors.As(err, &usage):
		return []string{`"panoscrub COMMAND --help" shows how a command is used`}
	case errors.As(err, &unstored):
		return append([]string{unstoredHint(unstored)}, causes(err)...)
	case errors.As(err, &interrupted):
		return []string{"run the same command again to go on or to begin anew; \"panoscrub records\" lists what was recorded"}
	case errors.As(err, &notAgreed):
		return []string{"agree to that with --release, or do it yourself and leave the drive plugged in", untouched}
	case errors.As(err, &refused):
		// Reasons come with the gravest first, and only its hint is good advice:
		// nobody should unmount a disk that could not be used anyway.
		return []string{refused.Refusals[0].Hint(), untouched}
	case errors.Is(err, session.ErrDeclined):
		return []string{untouched}
	case errors.As(err, &notBegun) && errors.Is(err, block.ErrGone):
		return append(causes(err), untouched)
	}
	return causes(err)
}

func unstoredHint(e *session.RecordError) string {
	if e.Signed {
		return "the signed record is kept in the journal: mend the cause and run \"panoscrub records\", which stores it"
	}
	return "what was done is kept in the journal: mend the cause and run \"panoscrub records\", which signs it as INCOMPLETE"
}

const untouched = "the target was not touched"

// causes advises on what an error goes back to.
func causes(err error) []string {
	for _, c := range []struct {
		cause error
		hint  string
	}{
		{helper.ErrNotStarted, "a drive takes root's rights: give them when you are asked, or have somebody with sudo run this; " + untouched},
		{udisks.ErrDismissed, "run it again and answer the question of UDisks2, or take another way with --access; " + untouched},
		{udisks.ErrDenied, "take another way with --access helper, or have somebody with sudo run this; " + untouched},
		{udisks.ErrUnavailable, "take another way with --access helper; " + untouched},
		{udisks.ErrUnknown, "take another way with --access helper; " + untouched},
		{helper.ErrLost, "look for what ended it (a signal, a lack of memory) and start over; \"panoscrub records\" lists what was recorded"},
		{block.ErrBusy, "close what uses it (a mounted file system, another run) and try again; " + untouched},
		{block.ErrReadOnly, "lift the write protection (the switch on the drive, the file's mode) and try again; " + untouched},
		{block.ErrEmpty, "an empty file or a reader without a card holds nothing to sanitize; " + untouched},
		{block.ErrNotImage, "name a disk image (a regular file) or a whole drive such as /dev/sdb"},
		{block.ErrNotDrive, "name the whole drive, such as /dev/sdb; \"panoscrub drives\" lists them"},
		{block.ErrChanged, "take the drive out, plug it in again and start over; " + untouched},
		{block.ErrGone, "plug the drive in again and start over"},
		{block.ErrUnsupported, "drives can be used on Linux; disk images work on every system"},
		{volume.ErrTooSmall, "such a small target cannot hold a file system; " + untouched},
		{envelope.ErrPermissions, "take the rights of others away: chmod 600 on the key file; " + untouched},
		{envelope.ErrPassphrase, "run the command again with the right passphrase"},
		{errNeedPassphrase, "run the command at a terminal, or name a file with the passphrase in " + passphraseFileVariable},
		{envelope.ErrKey, "put the key file back from a copy, or move it away and make a new key with \"panoscrub key init\""},
		{syscall.ENOSPC, "free some space in the state folder, or give another one with --state-dir"},
		{fs.ErrNotExist, "check the spelling; \"panoscrub drives\" lists the drives"},
		{fs.ErrPermission, "root's rights are needed for drives: run it again with sudo"},
	} {
		if errors.Is(err, c.cause) {
			return []string{c.hint}
		}
	}
	return nil
}

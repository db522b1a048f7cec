package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/attest"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/evidence"
	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/session"
	"github.com/panoscrub/panoscrub/internal/volume"
)

type sanitizeOptions struct {
	target string
	stated evidence.Stated
	policy policyChoice
	rules  string
	reach
	label    string
	confirm  string
	yes      bool
	resume   bool
	asJSON   bool
	asEvents bool
}

func (a *app) sanitizeCommand() *cobra.Command {
	var o sanitizeOptions
	cmd := &cobra.Command{
		Use:   "sanitize TARGET --appliance ID",
		Short: "Overwrite, verify and reformat a drive, and sign what was done",
		Long: `Sanitize takes a whole drive (/dev/sdX) or a disk image: it looks at what is on
it, shows the plan, asks, overwrites every addressable byte, reads every byte
back, formats it as FAT32 (FAT16 or FAT12 where it is too small for that), and
writes a signed record. What is written, and how much of it is read back, is the
policy's: "panoscrub policy" lists them, and shows how one of your own is written.

A drive that the desktop mounted is unmounted first; other mounts, and open
volumes on it, you are asked about, or agree to with --release.

Everything on the target is lost. At a terminal the plan must be confirmed.
A run that ended early can be gone on with: the same command offers it.

Where nobody can be asked, --confirm SERIAL is needed for a drive ("panoscrub
drives" shows what to give), and --yes is enough for an image.`,
		Example: `  panoscrub sanitize /dev/sdb --appliance device-6xsrt2zqpkdj2rl4h3vqzbwxge
  panoscrub sanitize stick.img --appliance device-6xsrt2zqpkdj2rl4h3vqzbwxge --yes --json`,
		Args: oneArgument("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.target = args[0]
			return a.sanitize(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.stated.ApplianceID, "appliance", "", "device ID of the appliance that the drive provisioned (required)")
	o.policy.flags(cmd)
	f.StringVar(&o.rules, "rules", "", rulesUsage)
	o.addFlags(cmd)
	f.StringVar(&o.label, "label", volume.DefaultLabel, "label of the new volume, 1 to 11 characters")
	f.StringVar(&o.stated.Operator, "operator", "", "who does this, for the record")
	f.StringVar(&o.stated.WorkOrder, "work-order", "", "work order, for the record")
	f.StringVar(&o.stated.AssetTag, "asset-tag", "", "asset tag of the drive, for the record")
	f.StringVar(&o.confirm, "confirm", "", "confirm without being asked: the drive's serial, as \"panoscrub drives\" shows it")
	f.BoolVar(&o.yes, "yes", false, "confirm without being asked: enough for an image, not for a drive")
	f.BoolVar(&o.resume, "resume", false, "go on with an earlier run on this drive that ended early, without being asked")
	f.BoolVar(&o.asJSON, "json", false, "print one result object when done")
	f.BoolVar(&o.asEvents, "events", false, "print an event as a line of JSON whenever something happens")
	return cmd
}

// request finds what is wrong with the words of the command line, before anything
// is opened.
func (o *sanitizeOptions) request() (session.Request, error) {
	var req session.Request
	if o.stated.ApplianceID == "" {
		return req, usagef("--appliance is missing: the record ties the drive to the appliance's device ID")
	}
	if err := attest.CheckDeviceID(o.stated.ApplianceID); err != nil {
		return req, usageError{fmt.Errorf("--appliance: %w", err)}
	}
	chosen, err := o.policy.choose()
	if err != nil {
		return req, err
	}
	label, err := volume.CheckLabel(o.label)
	if err != nil {
		return req, usageError{fmt.Errorf("--label: %w", err)}
	}
	if !chosen.Reformat && label != volume.DefaultLabel {
		return req, usagef("--label is for a new volume, and the policy %s makes none", chosen.ID)
	}
	if err := o.reach.check(); err != nil {
		return req, err
	}
	if o.asJSON && o.asEvents {
		return req, usagef("--json and --events both want stdout: give one of them (the last event holds the result)")
	}
	return session.Request{Policy: chosen, Label: label, Stated: o.stated}, nil
}

func (a *app) sanitize(ctx context.Context, o sanitizeOptions) error {
	req, err := o.request()
	if err != nil {
		return err
	}
	_, own, err := ruleset(o.rules)
	if err != nil {
		return err
	}
	if !attest.LooksLikeDeviceID(req.Stated.ApplianceID) {
		a.notice("%q does not look like the device IDs that the service gave out (device- and 26 characters); it is recorded as you typed it", req.Stated.ApplianceID)
	}
	a.noticeWeakness(req.Policy)
	d, err := a.checkCanConfirm(o)
	if err != nil {
		return err
	}
	o.present = o.confirm == "" && !o.yes && a.canAsk()
	worker, look, err := a.way(ctx, d, drive.Writing, o.reach)
	if err != nil {
		return err
	}
	req.Look, req.OwnRules = look, own
	state, err := a.stateDir()
	if err != nil {
		return err
	}
	signer, err := a.signer(ctx, state, makeKey)
	if err != nil {
		return err
	}
	if req.Resume, err = a.resume(ctx, o, state, signer.Public(), d, req.Policy); err != nil {
		return err
	}
	// Whoever reads the output may go away, as "tee" does on the same Ctrl-C. The
	// run must reach its record all the same.
	signal.Ignore(syscall.SIGPIPE)
	result, err := session.Sanitize(ctx, session.Options{
		State: state, Signer: signer, Request: req, Worker: worker, Now: a.now,
		Confirm: func(ctx context.Context, d drive.Drive, p plan.Plan) (string, error) { return a.confirm(ctx, o, d, p) },
		Emit:    a.emitter(o).Emit,
	})
	if result.CertificateID == "" {
		return notBegunError{err}
	}
	if printErr := a.showResult(o, result); printErr != nil {
		return printErr
	}
	if err == nil && result.Verdict != attest.Pass {
		return outcome(exitNotPass)
	}
	return err
}

// emitter shows what happens while a run is under way.
func (a *app) emitter(o sanitizeOptions) emitter {
	if o.asEvents {
		return jsonEvents{json.NewEncoder(printableJSON{a.stdout})}
	}
	return &lines{w: a.stderr, moves: isTerminal(a.stderr)}
}

// showResult shows what came of it, where the last event has not.
func (a *app) showResult(o sanitizeOptions, r session.Result) error {
	switch {
	case o.asJSON:
		return printJSON(a.stdout, r)
	case !o.asEvents:
		a.printResult(r)
	}
	return nil
}

// checkCanConfirm finds out, before anything is read or made, whether the target
// may be touched and whether there is a way to confirm it.
func (a *app) checkCanConfirm(o sanitizeOptions) (drive.Drive, error) {
	d, err := a.system.Resolve(o.target)
	if err != nil {
		return d, err
	}
	if _, err := a.toRelease(d, drive.Writing); err != nil {
		return d, err
	}
	isImage := d.Identity.Kind == drive.KindImage
	switch {
	case isImage && o.confirm != "":
		return d, usagef("--confirm is for drives; an image has no serial: use --yes")
	case o.confirm != "" && o.confirm != d.ConfirmToken():
		return d, otherSerial(d)
	case o.confirm != "" || isImage && o.yes || a.canAsk():
		return d, nil
	case isImage:
		return d, usagef("nobody can be asked here: give --yes to confirm that the image %s is overwritten", human.Safe(d.Path))
	}
	return d, usagef("nobody can be asked here: give --confirm with the serial of the drive, as \"panoscrub drives\" shows it")
}

func otherSerial(d drive.Drive) error {
	return fmt.Errorf("%w: --confirm is not the serial of this drive, %s", session.ErrDeclined, d.Name())
}

// confirm has the plan agreed to: by flag, or by a person who types the end of
// the serial. Anything else leaves the target untouched.
func (a *app) confirm(ctx context.Context, o sanitizeOptions, d drive.Drive, p plan.Plan) (string, error) {
	token := d.ConfirmToken()
	switch {
	case o.confirm != "" && o.confirm == token:
		return "--confirm", nil
	case o.confirm != "":
		return "", otherSerial(d)
	case o.yes && d.Identity.Kind == drive.KindImage:
		return "--yes", nil
	case !a.canAsk():
		return "", fmt.Errorf("%w: nobody can be asked here", session.ErrDeclined)
	}
	if err := tell("\n%s\n", p.Text()); err != nil {
		return "", err
	}
	expected, question := challenge(d)
	answer, err := a.ask(ctx, question)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(answer, expected) {
		return "", session.ErrDeclined
	}
	return "typed", nil
}

// challenge is what a person must type to have a target overwritten, and the
// question. A USB disk is more than the end of a serial away: people keep their
// backups on them.
func challenge(d drive.Drive) (expected, question string) {
	token := d.ConfirmToken()
	switch {
	case d.Identity.Kind == drive.KindImage:
		return "yes", "Type yes to overwrite this image: "
	case d.ByNameOnly():
		return token, fmt.Sprintf("This is a USB disk, or may be one: %s.\nType %s in full to overwrite it: ",
			cmp.Or(d.Attachment.FormBecause, "it is not known to be a stick"), human.Safe(token))
	}
	expected = token[max(0, len(token)-4):]
	return expected, fmt.Sprintf("Type the last %d characters of %s to overwrite this drive: ", len(expected), human.Safe(token))
}

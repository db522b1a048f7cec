package drive

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Happening is what became of a drive between two looks.
type Happening string

const (
	Present Happening = "present" // it was there at the first look
	Added   Happening = "added"
	Removed Happening = "removed"
	Changed Happening = "changed" // it is the same drive in another state, as mounted
)

// Sighting is a drive in view of a watch.
type Sighting struct {
	Drive
	New bool // it came after the watch began
}

// Change is one thing that happened. For a drive that was removed, it is as it was
// seen last.
type Change struct {
	Happening Happening
	Sighting
}

// Look is what a watch sees at one moment.
type Look struct {
	Drives  []Sighting // all of them, in the order of [System.List]
	Changes []Change   // since the last look: what went, then what came or changed
	// Polling says why the drives are looked at every few seconds rather than when
	// the kernel tells of a change; nil where it tells.
	Polling error
}

// Watch looks at the drives at once, and again whenever the kernel tells that they
// may have changed: that one was plugged in, pulled, mounted, opened for
// encryption, or swapped to. It calls visit with the first look, and with each
// further one at which something had changed, one at a time.
//
// A drive is the same as long as its node and the kernel's sequence number of disks
// are: one that takes another's place is removed and added in the same look.
//
// It returns the cause of ctx when that ends, the error of visit, or what keeps it
// from looking. It opens no drive and needs no rights.
func (s System) Watch(ctx context.Context, visit func(Look) error) (err error) {
	h, refused := newHints(s) // before the first look, so that nothing falls between
	if refused != nil {
		h = polling(pollEvery)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return s.follow(ctx, h, func(l Look) error {
		l.Polling = refused
		return visit(l)
	})
}

// follow looks after each burst of hints.
func (s System) follow(ctx context.Context, h hints, visit func(Look) error) error {
	var v view
	for {
		drives, err := s.List()
		if err != nil {
			return err
		}
		if look, changed := v.update(drives); changed {
			if err := visit(look); err != nil {
				return err
			}
		}
		if err := nextHint(ctx, h); err != nil {
			return err
		}
	}
}

func nextHint(ctx context.Context, h hints) error {
	hinted, err := false, error(nil)
	for !hinted && err == nil {
		hinted, err = h.await(ctx, forever)
	}
	if err == nil {
		err = settle(ctx, h)
	}
	if err != nil {
		return fmt.Errorf("watching the drives: %w", err)
	}
	return nil
}

// view is what a watch saw last.
type view struct {
	began bool
	seen  []Sighting
}

// update takes what there is now, and reports what is to be told about it.
func (v *view) update(now []Drive) (Look, bool) {
	before := map[sameDrive]Sighting{}
	for _, d := range v.seen {
		before[d.same()] = d
	}
	var came []Change
	var seen []Sighting
	for _, d := range now {
		was, known := before[d.same()]
		is := Sighting{Drive: d, New: v.began && (!known || was.New)}
		delete(before, d.same())
		seen = append(seen, is)
		switch {
		case !v.began:
			came = append(came, Change{Present, is})
		case !known:
			came = append(came, Change{Added, is})
		case !reflect.DeepEqual(was, is):
			came = append(came, Change{Changed, is})
		}
	}
	var changes []Change
	for _, d := range v.seen {
		if _, gone := before[d.same()]; gone {
			changes = append(changes, Change{Removed, d})
		}
	}
	changes = append(changes, came...)
	first := !v.began
	v.began, v.seen = true, seen
	return Look{Drives: seen, Changes: changes}, first || len(changes) > 0
}

// sameDrive is what tells a drive from another in its place.
type sameDrive struct{ node, sequence string }

// same falls back on the identity where the kernel does not count its disks
// (before 5.15).
func (d Drive) same() sameDrive {
	if d.Attachment.Diskseq != "" {
		return sameDrive{d.Attachment.Node, d.Attachment.Diskseq}
	}
	return sameDrive{d.Attachment.Node, d.Identity.Digest()}
}

package release

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

// Find says how a drive can be got free for a purpose; by no step at all where
// nothing stands on it.
//
// It fails with a *[drive.RefusedError] for a drive that would be refused anyway,
// with a *[KeptError] where something on it cannot be taken down, and as
// [drive.System.Same] does where d is not what is there now.
func Find(s drive.System, d drive.Drive, p drive.Purpose) (Plan, error) {
	plan := Plan{Drive: d, Steps: []Step{}, system: s}
	now, err := s.Resolve(d.Path)
	if err != nil {
		return Plan{}, err
	}
	if err := beyond(now, p); err != nil {
		return Plan{}, err
	}
	standing, err := plan.standing()
	if err != nil {
		return Plan{}, err
	}
	if why := kept(standing); len(why) > 0 {
		return Plan{}, &KeptError{Path: d.Path, Why: why, Refused: now.RefusedFor(p)}
	}
	for _, on := range standing {
		plan.Steps = append(plan.Steps, Step{Kind: steps[on.Kind], On: on})
	}
	return plan, nil
}

// standing is what stands on the drive now, if it is still the same drive.
func (p Plan) standing() ([]drive.Standing, error) {
	if err := p.system.Same(p.Drive); err != nil {
		return nil, err
	}
	return p.system.Standing(p.Drive)
}

// beyond is the refusal of a drive for reasons that cannot be lifted here.
func beyond(d drive.Drive, p drive.Purpose) error {
	for _, r := range d.Refusals {
		if r.Forbids(p) && r.Reason != drive.ReasonMounted && r.Reason != drive.ReasonHeld {
			return d.RefusedFor(p)
		}
	}
	return nil
}

// kept says of each thing that has to stay why it has to.
func kept(standing []drive.Standing) (why []string) {
	for _, on := range standing {
		if reason := keep(on); reason != "" {
			why = append(why, human.Safe(label(on))+" "+reason)
		}
	}
	return why
}

// keep says why one thing has to stay, as the rest of a sentence that it begins;
// "" where it may be taken down.
func keep(on drive.Standing) string {
	switch {
	case steps[on.Kind] == "":
		return fmt.Sprintf("is a %s, which is not taken down here", on.Kind)
	case on.System:
		return "is needed by the running system"
	case len(on.Elsewhere) > 0:
		return "is not on this drive alone"
	}
	return ""
}

func label(on drive.Standing) string {
	if on.Name == "" {
		return on.Device
	}
	if on.Device == "" {
		return on.Name
	}
	return on.Name + " (" + on.Device + ")"
}

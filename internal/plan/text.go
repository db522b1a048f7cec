package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
)

const (
	textColumns = 78
	textIndent  = 8 // of everything but the headings
	// nameBytes bounds names from outside, so that none of them can push what
	// matters off the screen.
	nameBytes = 2 * (textColumns - textIndent - 4)
)

// Text is what the operator confirms: which drive, what is on it, what will be
// done to it, how long that takes, and what it is worth.
func (p Plan) Text() string {
	var t text
	t.item("Drive", shorten(human.Printable(p.Target.Name)))
	t.item("", shorten(human.Safe(p.Target.Path)))
	t.item("", fmt.Sprintf("%d bytes, sectors of %d", p.Target.SizeBytes, p.Target.SectorBytes))
	t.item("Holds", p.Before.words())
	t.item("Loss", "EVERYTHING ON THIS DRIVE WILL BE LOST. There is no way back.")
	t.item("Policy", p.policyWords())
	for i, step := range p.steps() {
		heading := ""
		if i == 0 {
			heading = "Steps"
		}
		t.item(heading, fmt.Sprintf("%d. %s", i+1, step))
	}
	t.item("Time", fmt.Sprintf("%s: %s", about(p.Estimate.Seconds), p.Estimate.Basis))
	t.item("Claim", p.claim())
	return t.String()
}

func (p Plan) steps() (steps []string) {
	for i, pattern := range p.Passes {
		steps = append(steps, pattern.Words()+p.passWords(i+1))
	}
	readBack := "Read every byte back and compare it"
	if p.Sampled() {
		readBack = fmt.Sprintf("Read %d %% of all bytes back, from places all over the drive, and compare them", p.ReadBackPercent)
	}
	steps = append(steps, fmt.Sprintf("%s, %s.", readBack, about(p.Estimate.ReadSeconds)))
	return append(steps, p.formatWords(), "Store a signed record of what was done, "+human.Safe(p.CertificateID)+".")
}

// passWords says how long a pass takes, or what of it an earlier run did already.
func (p Plan) passWords(pass int) string {
	done, size := p.Done(pass), p.Target.SizeBytes
	if done == 0 {
		return fmt.Sprintf(", %s.", about(p.Estimate.WriteSeconds))
	}
	by := human.Safe(p.Resumes[len(p.Resumes)-1].CertificateID)
	if done == size {
		return fmt.Sprintf(": was done by the run %s, and is read back like the rest.", by)
	}
	left := int64(float64(p.Estimate.WriteSeconds) * (1 - float64(done)/float64(size)))
	return fmt.Sprintf(", from byte %d on, %s: what stands before that was written by the run %s, and is read back like the rest.", done, about(left), by)
}

func (p Plan) formatWords() string {
	if !p.Reformat {
		return "Leave the drive without a file system."
	}
	format := fmt.Sprintf("If all of that went well: make one %s volume of %s named %s, and check it.",
		human.Safe(strings.ToUpper(p.Format.FileSystem)), human.Bytes(p.Format.SizeBytes), human.Safe(p.Format.Label))
	if p.Format.Note != "" {
		format += " " + shorten(human.Safe(p.Format.Note))
	}
	return format
}

// policyWords names the policy. What another tool, or an operator, means by a name
// is no claim of this plan.
func (p Plan) policyWords() string {
	words := fmt.Sprintf("%s: %s.", human.Safe(p.Policy.ID), human.Safe(p.Title))
	if p.Own {
		words += " It is your own."
	}
	if p.Policy.ID != policy.Default {
		words += " The name stands for the steps below, and claims no compliance with any standard."
	}
	return words
}

// claim says what the outcome will be worth, and what not.
func (p Plan) claim() string {
	claim := "Clear per NIST SP 800-88r2 §3.1.1, of every byte that a host can address. "
	switch {
	case p.Sampled():
		claim = "None: what is not read back is not proven, so the verdict is INCOMPLETE at best. "
	case !p.Last().TellsPlaces():
		claim += "The same bytes everywhere prove less than a keyed pass: a drive that compresses, that does not " +
			"store what is all alike, or that has less room than it announces answers the same. "
	}
	claim += "Not Purge: spare and retired cells of the flash are out of reach for any host."
	if slices.ContainsFunc(p.Before.Counts, func(c Count) bool { return c.Class == scan.Credential && c.Severity != scan.Low }) {
		claim += " Credentials that were on it stay known to whoever copied them: replace them."
	}
	return claim
}

func about(seconds int64) string {
	return "about " + human.Duration(time.Duration(min(seconds, int64(1<<62)/int64(time.Second)))*time.Second)
}

// words says what is on the drive: how many leftovers, of which kind, how grave.
func (b Before) words() string {
	total := 0
	for _, c := range b.Counts {
		if c.Severity != scan.Low {
			total += c.Findings
		}
	}
	var s strings.Builder
	switch {
	case total == 1:
		s.WriteString("1 leftover.")
	case total > 1:
		fmt.Fprintf(&s, "%d leftovers.", total)
	case b.Verdict == scan.Incomplete:
		s.WriteString("No leftovers were found in what could be looked at.")
	default:
		s.WriteString("No leftovers were found.")
	}
	for i, c := range b.Counts {
		if i == 0 || b.Counts[i-1].Class != c.Class {
			fmt.Fprintf(&s, " %s:", className(c.Class))
		}
		fmt.Fprintf(&s, " %d %s", c.Findings, human.Safe(string(c.Severity)))
		if i+1 < len(b.Counts) && b.Counts[i+1].Class == c.Class {
			s.WriteString(",")
		} else {
			s.WriteString(".")
		}
	}
	if b.Samples > 0 {
		fmt.Fprintf(&s, " Samples, which open nothing: %d.", b.Samples)
	}
	if !b.Covered {
		s.WriteString(" Not all of the drive could be looked at; there may be more.")
	}
	return s.String()
}

func className(c scan.Class) string {
	switch c {
	case scan.Credential:
		return "Credentials"
	case scan.Configuration:
		return "Configuration"
	case scan.Log:
		return "Logs"
	case scan.Identity:
		return "Device identities"
	default:
		return human.Safe(string(c))
	}
}

// text is lines of at most textColumns, in two columns. A width is counted in
// bytes of UTF-8, which no terminal's columns exceed.
type text struct{ strings.Builder }

// item writes a heading and the words beside it, wrapped.
func (t *text) item(heading, words string) {
	line := fmt.Sprintf("%-*s", textIndent-1, heading)
	for _, word := range strings.Fields(words) {
		// What is longer than a line is broken where a line ends.
		for word != "" {
			piece := word[:cut(word, textColumns-textIndent)]
			if len(line)+1+len(piece) > textColumns {
				t.WriteString(line + "\n")
				line = strings.Repeat(" ", textIndent-1)
			}
			line += " " + piece
			word = word[len(piece):]
		}
	}
	t.WriteString(line + "\n")
}

// shorten takes the middle out of a long name: its two ends tell most.
func shorten(name string) string {
	if len(name) <= nameBytes {
		return name
	}
	const half = nameBytes/2 - 3
	tail := len(name) - half
	for tail < len(name) && !utf8.RuneStart(name[tail]) {
		tail++
	}
	return name[:cut(name, half)] + " … " + name[tail:]
}

// cut returns the greatest length of a prefix of s that has at most n bytes and
// does not end within a character.
func cut(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

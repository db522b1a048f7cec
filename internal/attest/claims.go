package attest

import (
	"fmt"
	"strings"
	"time"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Claims says in words everything that the facts of a predicate allow to be
// claimed, and nothing else: none for a verdict other than PASS. A statement
// whose claims are not exactly these is not valid, so that the words of a version
// never change.
//
// The words keep to what was done through the host interface. They name the
// standard's section for what Clear means, and claim no certification by anyone.
func Claims(p Predicate) []string {
	v, f := p.Verification, p.Format
	if p.Verdict != Pass || v == nil || v.Method != MethodFull || (f != nil) != p.order().Format || len(p.Passes) == 0 {
		return []string{}
	}
	claims := []string{
		fmt.Sprintf("Clear as in NIST SP 800-88r2, section 3.1.1, by the technique overwrite: in %s, every host-addressable byte (0 to %d%s) was overwritten with %s.",
			passes(len(p.Passes)), p.Drive.SizeBytes-1, sectors(p.Drive.Identity), patterns(p)),
		fmt.Sprintf("Every one of these bytes was then read back in %s order%s and compared: %d mismatches, %d unreadable bytes.",
			v.Order, defence(v.CacheDefence), len(v.Mismatches), v.Unreadable.Bytes),
	}
	if n := len(p.Resumes); n > 0 {
		claims = append(claims, fmt.Sprintf("The overwrite went on with %s, the last of which ended at %s: what was written before was read back like the rest.",
			earlierRuns(n), p.Resumes[n-1].Ended.UTC().Format(time.RFC3339)))
	}
	if tellsPlaces(p.Pattern.Name) {
		claims = append(claims, fmt.Sprintf("Capacity proven: %d of %d announced bytes held their own data all at once.", p.Capacity.ProvenBytes, p.Capacity.AnnouncedBytes))
	}
	if f != nil {
		claims = append(claims, fmt.Sprintf("Formatted after the read-back: %s, %s.", strings.ToUpper(f.Scheme), strings.ToUpper(f.FileSystem)))
	}
	if p.Postscan != nil {
		claims = append(claims, fmt.Sprintf("A scan of %d bytes after the format, with the rules %s, found nothing.", p.Postscan.Coverage.BytesRead, p.Postscan.Ruleset))
	}
	return append(claims, fmt.Sprintf("Outcome %s by %s under the policy %s.", p.Validation.Decision, p.Validation.By, p.Validation.Policy))
}

func earlierRuns(n int) string {
	if n == 1 {
		return "1 earlier run"
	}
	return fmt.Sprintf("%d earlier runs", n)
}

func passes(n int) string {
	if n == 1 {
		return "one pass"
	}
	return fmt.Sprintf("%d passes", n)
}

// patterns names what the passes wrote.
func patterns(p Predicate) string {
	var names []string
	for _, o := range p.Passes {
		names = append(names, o.Pattern)
	}
	if len(names) == 1 {
		return "the pattern " + names[0]
	}
	return "the patterns " + strings.Join(names, ", ") + " in this order"
}

// sectors is the range in sectors, for a size that is whole sectors.
func sectors(id Identity) string {
	sector := int64(id.LogicalSectorBytes)
	if sector <= 0 || id.SizeBytes < sector || id.SizeBytes%sector != 0 {
		return ""
	}
	return fmt.Sprintf(", sectors 0 to %d", id.SizeBytes/sector-1)
}

func defence(cache string) string {
	switch cache {
	case CacheDefenceReset:
		return ", after the drive was reset,"
	case CacheDefenceReplug:
		return ", after the drive was pulled out and plugged in again,"
	}
	return ""
}

// Exclusions says in words what a record does not claim, as far as its facts tell:
// what a reader could otherwise take for granted. Like [Claims] it follows from
// the other fields.
func Exclusions(p Predicate) []string {
	var out []string
	if p.Verdict != Pass {
		out = append(out, "Nothing is claimed about what the drive still holds.")
	}
	out = append(out, mediumExclusions(p.Drive)...)
	out = append(out, readBackExclusions(p)...)
	out = append(out, p.policyExclusions()...)
	out = append(out, "The scan before the overwrite looks for known kinds of leftovers. It cannot show that there were no others.")
	if n := p.Prescan.Counts.ByClass["credential"]; n > 0 && p.Prescan.Verdict != scanClean {
		out = append(out, fmt.Sprintf("Overwriting does not revoke the credentials that were on the drive (%d found): they have to be rotated.", n))
	}
	return append(out,
		fmt.Sprintf("The appliance's device ID is as given (source: %s). No service confirmed it.", p.Appliance.Source),
		"The times are those of this computer's clock. Nobody confirmed them.",
	)
}

func mediumExclusions(d Drive) []string {
	if d.Kind == kindImage || d.Kind == kindLoop {
		return []string{"Only the contents of the image file are covered: the medium that stores the file may hold older copies of it."}
	}
	out := []string{
		"Over-provisioned, spare and retired flash, and the controller's own memory, cannot be reached by this method: it is Clear, not Purge.",
		fmt.Sprintf("The serial number is what the drive says (quality: %s). It can be missing, repeated or changed.", d.SerialQuality),
	}
	if d.Attachment.LUNs > 1 {
		out = append(out, fmt.Sprintf("The device has %d logical units. Only unit %d is covered.", d.Attachment.LUNs, d.LUN))
	}
	return out
}

func readBackExclusions(p Predicate) (out []string) {
	v := p.Verification
	if v == nil {
		return []string{"The drive was not read back."}
	}
	if !v.HostCacheBypassed {
		out = append(out, "The read-back may have been answered from this computer's cache.")
	}
	if p.Drive.Kind != kindImage && p.Drive.Kind != kindLoop {
		out = append(out, cacheExclusions(*v)...)
	}
	if p.Format != nil {
		out = append(out, "The file system's own structures were written after the read-back, over bytes that it had verified.")
	}
	return out
}

// cacheExclusions are about the cache that a drive may have of its own.
func cacheExclusions(v Verification) []string {
	switch v.CacheDefence {
	case CacheDefenceNone:
		because := ""
		if v.CacheDefenceReason != "" {
			because = " (" + human.Safe(v.CacheDefenceReason) + ")"
		}
		return []string{"The drive was not reset between writing and reading back" + because + ": its own cache may have answered in part."}
	case CacheDefenceReset:
		return []string{"The drive kept its power when it was reset: a cache that outlasts a reset may have answered in part."}
	}
	return nil
}

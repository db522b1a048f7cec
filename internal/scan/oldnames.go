package scan

import (
	"regexp"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/rules"
)

const (
	fatSlot      = 32 // bytes of a directory slot of FAT, and of an entry of exFAT
	maxFATSlots  = 20 // of a long name
	exfatPiece   = 15 // characters of a name in one entry of exFAT
	maxOldDir    = 16 << 10
	archiveStart = "certificates-om" // as much of the archive's name as an entry of exFAT holds
)

// confirmArchiveName reports the archive's name where a directory, an index, a
// journal or any other text keeps it. What directories tell that can still be
// walked is dropped by join, which knows their names.
func confirmArchiveName(c *checker, r *rules.Rule, v *view, pos int64) {
	switch head := v.bytes(pos, 12); {
	case v.wide != nil || len(head) < 12 || head[1] != 0:
		archiveNameInText(c, r, v, pos)
	case head[10] == 0x0F:
		archiveNameInSlots(c, r, v, pos-1)
	default:
		name, start, length := exfatName(v, pos)
		reportArchiveName(c, r, v, start, length, name, true, inDirectory)
	}
}

const (
	inDirectory = "in a directory that is no longer in use"
	inText      = "in text"
)

func archiveNameInSlots(c *checker, r *rules.Rule, v *view, slot int64) {
	if slot%fatSlot != 0 || !c.try(r, maxTries) {
		return
	}
	b, here := v.around(slot, (maxFATSlots-1)*fatSlot, 2*fatSlot)
	skip := here % fatSlot // the view may begin within a slot
	for _, e := range fat.ReadLoose(b[skip:], false) {
		if start, end := e.Start+skip, e.End+skip; start <= here && here < end {
			reportArchiveName(c, r, v, slot-int64(here-start), int64(end-start), e.Name, true, inDirectory)
		}
	}
}

var textName = regexp.MustCompile(`^certificates-omni_[A-Za-z0-9_-]{0,255}(?: ?\(\d{1,3}\))?\.zip`)

func archiveNameInText(c *checker, r *rules.Rule, v *view, pos int64) {
	name := textName.Find(v.bytes(pos, 300))
	where := inText
	if dirRecord(v, pos) {
		where = inDirectory
	}
	reportArchiveName(c, r, v, pos, int64(len(name)), string(name), false, where)
}

// documentedDevices stand for a device's name in documentation.
var documentedDevices = []string{"", "name", "device", "device-name", "devicename", "my-device", "my-appliance"}

func isDocumented(device string) bool {
	device = strings.ReplaceAll(strings.ToLower(device), "_", "-")
	return slices.Contains(documentedDevices, device) || strings.Contains(device, "xmpl")
}

func reportArchiveName(c *checker, r *rules.Rule, v *view, pos, length int64, name string, mayBeCut bool, where string) {
	named := rules.Named{Path: "/" + name, Deleted: mayBeCut}
	device, ok := c.set.Get(rules.Archive).MatchName(named)
	if !ok {
		return
	}
	c.report(v, pos, sighting{
		rule: r, length: length, value: strings.ToLower(name), hint: "the archive's name " + where,
		encoding: encodingOf(mayBeCut), sample: where == inText && isDocumented(device), names: Appliance{DeviceName: device},
	})
}

// encodingOf is how a name stands in slots, or in text.
func encodingOf(slots bool) string {
	if slots {
		return encodingBinary
	}
	return encodingText
}

// exfatName puts together the name that begins in the entry of exFAT whose first
// character stands at pos; "" when there is no such entry.
func exfatName(v *view, pos int64) (name string, start, length int64) {
	start = pos - 2
	var text strings.Builder
	for at := start; text.Len() < 255; at += fatSlot {
		b := v.bytes(at, fatSlot)
		if len(b) < fatSlot || at%fatSlot != 0 || b[0]&0x7F != 0x41 {
			break
		}
		length += fatSlot
		for i := 2; i < fatSlot; i += 2 {
			if b[i+1] != 0 || b[i] == 0 {
				return text.String(), start, length
			}
			text.WriteByte(b[i])
		}
	}
	return text.String(), start, length
}

// dirRecord reports whether the name at pos stands in a record of a directory: of
// exFAT or NTFS in UTF-16, of ext else.
func dirRecord(v *view, pos int64) bool {
	if v.wide == nil {
		// inode, length of the record, length of the name, type of the file
		b := v.bytes(pos-8, 8)
		if len(b) < 8 || pos%4 != 0 {
			return false
		}
		record := int(b[4]) | int(b[5])<<8
		return record%4 == 0 && record >= 8+int(b[6]) && b[6] > 0 && b[7] >= 1 && b[7] <= 7
	}
	outer, at := v.wide.outer, v.wide.outwards(pos)
	b := outer.bytes(at-2, 2)
	exfat := len(b) == 2 && b[0]&0x7F == 0x41 && b[1] == 0 && (at-2)%fatSlot == 0
	ntfs := len(b) == 2 && b[0] > 0 && b[1] <= 3 // length of the name, and its space
	return exfat || ntfs
}

// logNames are what the appliance's directories of logs hold; those that are
// told alone, and those that are common and need company.
var (
	tellingNames = []string{"occ.log", "ota_agent.log", "managed_logs"}
	commonNames  = []string{"syslog.log", "kern.log"}
)

const egressStart = "panorama_device_log_v"

// confirmOldDirectory reports the names of the appliance's logs in a directory of
// which no file system tells.
func confirmOldDirectory(c *checker, r *rules.Rule, v *view, pos int64) {
	if head := v.bytes(pos, 1); len(head) == 1 && head[0] == '.' {
		oldFATDirectory(c, r, v, pos)
		return
	}
	if !dirRecord(v, pos) {
		return
	}
	text := string(v.bytes(pos, len(egressStart)))
	for _, name := range append(slices.Clone(tellingNames), egressStart[:exfatPiece]) {
		if strings.HasPrefix(text, name) && endsName(v, pos, name) {
			reportOldNames(c, r, v, pos, int64(len(name)), []string{name})
		}
	}
}

// endsName reports whether the name at pos is no longer than it should be; that
// of an image goes on.
func endsName(v *view, pos int64, name string) bool {
	if strings.HasPrefix(egressStart, name) {
		return true
	}
	after := v.bytes(pos+int64(len(name)), 1)
	return len(after) == 0 || !wordChar(after[0]) && after[0] != '.' && after[0] != '-'
}

func oldFATDirectory(c *checker, r *rules.Rule, v *view, pos int64) {
	if pos%fatSlot != 0 {
		return
	}
	telling, common := []string{}, []string{}
	for _, e := range fat.ReadLoose(v.bytes(pos, maxOldDir), true) {
		name := strings.ToLower(e.Name)
		switch {
		case slices.Contains(tellingNames, name):
			telling = append(telling, name)
		case strings.HasPrefix(name, egressStart):
			telling = append(telling, egressStart)
		case slices.Contains(commonNames, name):
			common = append(common, name)
		}
	}
	if len(telling) > 0 || len(common) == len(commonNames) {
		reportOldNames(c, r, v, pos, 2*fatSlot, append(telling, common...))
	}
}

func reportOldNames(c *checker, r *rules.Rule, v *view, pos, length int64, names []string) {
	list := strings.Join(names, ", ")
	c.report(v, pos, sighting{rule: r, length: length, value: list, encoding: encodingBinary, hint: "old directory with the name " + list})
}

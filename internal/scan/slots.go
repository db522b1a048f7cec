package scan

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// A long name on FAT stands in slots of 32 bytes in front of its short entry,
// the last part first, 13 UTF-16 characters in each (Microsoft, "FAT: General
// Overview of On-Disk Format", long directory entries). Deleting an entry
// changes the first byte of each slot and nothing else.
const (
	slotBytes    = 32
	slotAttr     = 11
	slotLongName = 0x0F
	slotSum      = 13
	slotDeleted  = 0xE5
	slotLast     = 0x40 // added to the number of the last part
	slotChars    = 13   // of the name
	maxSlots     = 20
)

// archiveSlot is how the slot with the start of the archive's name begins, one
// byte behind its start: "certi" and the attribute.
const archiveSlot = "c\x00e\x00r\x00t\x00i\x00\x0F\x00"

// confirmSlot reports the archive's long name in what was a directory. What it
// finds in directories that can still be walked is dropped by join, which knows
// the place of their entries.
func confirmSlot(c *checker, r *rule, v *view, pos int64) {
	slots, here := v.around(pos-1, (maxSlots-1)*slotBytes, 2*slotBytes)
	if (pos-1)%slotBytes != 0 || len(slots) < here+slotBytes {
		return
	}
	name, first := longName(slots, here)
	device, ok := archiveDevice(name, true)
	if !ok {
		return
	}
	c.report(v, pos-1-int64(here-first), sighting{
		rule: r, length: int64(here + slotBytes - first),
		hint: "the archive's name in a directory that is no longer in use", names: Appliance{DeviceName: device},
	})
}

// longName puts together the name whose first part is in the slot at here, and
// returns the index of the slot with its last part.
func longName(slots []byte, here int) (name string, first int) {
	var units []uint16
	sum := slots[here+slotSum]
	deleted := slots[here] == slotDeleted
	for at, number := here, byte(1); at >= 0 && number <= maxSlots; at, number = at-slotBytes, number+1 {
		slot := slots[at : at+slotBytes]
		if slot[slotAttr] != slotLongName || slot[slotSum] != sum || !deleted && slot[0]&^slotLast != number || deleted && slot[0] != slotDeleted {
			break
		}
		part, ended := slotText(slot)
		units, first = append(units, part...), at
		if ended || slot[0]&slotLast != 0 && !deleted {
			break
		}
	}
	return string(utf16.Decode(units)), first
}

// slotText returns the characters of one slot, and whether the name ends in it.
func slotText(slot []byte) (units []uint16, ended bool) {
	chars := bytes.Join([][]byte{slot[1:11], slot[14:26], slot[28:32]}, nil)
	for ; len(chars) >= 2; chars = chars[2:] {
		unit := binary.LittleEndian.Uint16(chars)
		if unit == 0 || unit == 0xFFFF {
			return units, true
		}
		units = append(units, unit)
	}
	return units, false
}

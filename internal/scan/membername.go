package scan

import "strings"

// secretRun is how many characters of base64 in a row, of all kinds, are more than
// names have, and enough of a secret not to be shown.
const secretRun = 16

// withoutContent cuts a member's name where it begins to look like content. A header
// that was damaged can have a part of what stands behind the name for a name.
func withoutContent(name string) string {
	end := len(name)
	for _, opening := range []string{pemDash, "{", `"`} {
		if i := strings.Index(name[:end], opening); i >= 0 {
			end = i
		}
	}
	if i := secretAt(name[:end]); i >= 0 {
		end = i
	}
	if end < len(name) {
		return name[:end] + "…"
	}
	return name
}

// secretAt is where a run of base64 begins that is no word: it has capitals, small
// letters and digits; -1 for none.
func secretAt(name string) int {
	start, kinds := 0, [3]bool{}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			kinds[0] = true
		case c >= 'a' && c <= 'z':
			kinds[1] = true
		case c >= '0' && c <= '9':
			kinds[2] = true
		case c != '+': // a slash, too: names have folders
			start, kinds = i+1, [3]bool{}
		}
		if i-start+1 >= secretRun && kinds == [3]bool{true, true, true} {
			return start
		}
	}
	return -1
}

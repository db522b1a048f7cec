package volume

import (
	"errors"
	"fmt"
	"strings"
)

// ErrLabel says that a text cannot be a volume label; the error that wraps it
// says why.
var ErrLabel = errors.New("not a volume label")

// CheckLabel returns the label as it will stand on the volume, in upper case and
// without spaces at its ends, or says what keeps it from being one.
func CheckLabel(label string) (string, error) {
	upper := strings.ToUpper(strings.Trim(label, " "))
	switch {
	case upper == "":
		return "", fmt.Errorf("%w: it is empty", ErrLabel)
	case upper == "NO NAME":
		return "", fmt.Errorf("%w: NO NAME is how FAT writes that there is none", ErrLabel)
	}
	for _, r := range upper {
		if r < 0x20 || r > 0x7E || strings.ContainsRune(`"*+,./:;<=>?[\]|`, r) {
			return "", fmt.Errorf("%w: %q may not be in it; letters from A to Z, digits, spaces, hyphens and underscores may", ErrLabel, r)
		}
	}
	if len(upper) > 11 {
		return "", fmt.Errorf("%w: it has %d characters, and 11 is the most", ErrLabel, len(upper))
	}
	return upper, nil
}

package lab_test

// listed is a drive in the list of "drives --json".
type listed struct {
	Path     string
	Identity struct {
		Serial, SerialQuality, VendorID, InquiryVendor, InquiryModel string
		SizeBytes                                                    int64
		LogicalSectorBytes, LUN                                      int
	}
	Attachment struct {
		Driver, Removable string
		LUNs              int
		SameSerial        []string
	}
	Usable   bool
	Confirm  string
	Refusals []struct{ Reason, Hint string }
}

func (d listed) reasons() (reasons []string) {
	for _, r := range d.Refusals {
		reasons = append(reasons, r.Reason)
	}
	return reasons
}

// drives is what the program sees.
func (s story) drives() []listed {
	s.Helper()
	return unmarshal[struct{ Drives []listed }](s, s.panoscrub(0, "drives", "--json").Stdout).Drives
}

func (s story) drive(node string) listed {
	s.Helper()
	for _, d := range s.drives() {
		if d.Path == node {
			return d
		}
	}
	s.Fatalf("drives does not list %s", node)
	return listed{}
}

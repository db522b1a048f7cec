package plan

import (
	"fmt"
	"time"
)

// Run is an earlier run on the same drive, under the same policy and with the same
// seed, that ended early. What it wrote and the drive stored need not be written
// again: the read-back tells whether it is there.
type Run struct {
	CertificateID string    `json:"certificateId"`
	Ended         time.Time `json:"ended"`
	// Pass is the pass that it was in, from 1; one more than there are when it had
	// completed all of them. Bytes is how much of that pass the drive had stored.
	Pass  int   `json:"pass"`
	Bytes int64 `json:"bytes"`
}

// resumeUnit is what Run.Bytes is a multiple of: no sector is larger.
const resumeUnit = 4096

// Done is how many bytes of a pass, counted from 1 and from the drive's start, are
// not written again.
func (p Plan) Done(pass int) int64 {
	if len(p.Resumes) == 0 {
		return 0
	}
	last := p.Resumes[len(p.Resumes)-1]
	switch {
	case pass < last.Pass:
		return p.Target.SizeBytes
	case pass == last.Pass:
		return last.Bytes
	}
	return 0
}

// written is how many bytes of all passes are not written again.
func (p Plan) written() (bytes int64) {
	for i := range p.Passes {
		bytes += p.Done(i + 1)
	}
	return bytes
}

// resumeProblem says what is wrong with the earlier runs, "" when nothing is.
func (in Input) resumeProblem() string {
	size := in.Drive.Identity.SizeBytes
	for _, r := range in.Resumes {
		switch passes := len(in.Policy.Passes); {
		case r.CertificateID == "" || r.CertificateID == in.CertificateID:
			return "an earlier run has no certificate id of its own"
		case r.Pass < 1 || r.Pass > passes+1 || r.Pass > passes && r.Bytes != 0:
			return fmt.Sprintf("an earlier run was in pass %d of %d", r.Pass, passes)
		case r.Bytes < 0 || r.Bytes > size || r.Bytes%resumeUnit != 0 && r.Bytes != size:
			return fmt.Sprintf("an earlier run had stored %d bytes of %d", r.Bytes, size)
		}
	}
	return ""
}

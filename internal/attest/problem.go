package attest

import "fmt"

// Problem is one way in which a statement is wrong.
type Problem struct {
	Code     string `json:"code"`     // for programs, one of the Code constants
	Sentence string `json:"sentence"` // for people
}

// String is the sentence with its code.
func (p Problem) String() string { return p.Sentence + " (" + p.Code + ")" }

// Codes of problems, by the part of the statement that is wrong.
const (
	CodeNewerVersion    = "newer-version" // this program is too old to judge it
	CodeSchema          = "schema"
	CodeCertificateID   = "certificate-id"
	CodeVerdict         = "verdict"
	CodeReasons         = "reasons"
	CodeSubjects        = "subjects"
	CodeDriveDigest     = "drive-digest"
	CodeApplianceDigest = "appliance-digest"
	CodeDrive           = "drive"
	CodeMedium          = "medium"
	CodeAppliance       = "appliance"
	CodeMethod          = "method"
	CodePolicy          = "policy"
	CodePlan            = "plan"
	CodePattern         = "pattern"
	CodePrescan         = "prescan"
	CodePasses          = "passes"
	CodeResumes         = "resumes"
	CodeVerification    = "verification"
	CodeCapacity        = "capacity"
	CodeFormat          = "format"
	CodePostscan        = "postscan"
	CodeValidation      = "validation"
	CodeClaims          = "claims"
	CodeTool            = "tool"
	CodeTimes           = "times"
	CodeInterrupted     = "interrupted"
	CodeDriveDocument   = "drive-document" // the document beside the record
)

// problems collects.
type problems []Problem

func (p *problems) add(code, format string, args ...any) {
	*p = append(*p, Problem{Code: code, Sentence: fmt.Sprintf(format, args...)})
}

// require adds a problem unless ok.
func (p *problems) require(ok bool, code, format string, args ...any) {
	if !ok {
		p.add(code, format, args...)
	}
}

package plan

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/policy"
	"github.com/panoscrub/panoscrub/internal/scan"
)

const wantText = `Drive   SanDisk Ultra 61.5 GB, serial 4C530001230405117322
        /dev/sdb
        61530439680 bytes, sectors of 512
Holds   4 leftovers. Credentials: 2 critical, 1 high. Configuration: 1 high.
        Logs: 1 low.
Loss    EVERYTHING ON THIS DRIVE WILL BE LOST. There is no way back.
Policy  r2: one keyed pass, every byte read back.
Steps   1. Overwrite every byte with a pattern made for this run and this
        drive, about 41 min 2 s.
        2. Read every byte back and compare it, about 29 min 19 s.
        3. If all of that went well: make one FAT32 volume of 61.5 GB named
        PANORAMA, and check it.
        4. Store a signed record of what was done, 20261124-093011-k7q2m5xw.
Time    about 1 h 10 min: writing at 25 MB/s, reading at 35 MB/s (assumed for
        a USB link of 480 Mbit/s)
Claim   Clear per NIST SP 800-88r2 §3.1.1, of every byte that a host can
        address. Not Purge: spare and retired cells of the flash are out of
        reach for any host. Credentials that were on it stay known to whoever
        copied them: replace them.
`

func TestText(t *testing.T) {
	if got := mustMake(t, stick()).Text(); got != wantText {
		t.Errorf("got\n%s\nwant\n%s", got, wantText)
	}
}

func TestTextOfAnUnusualImage(t *testing.T) {
	in := stick()
	in.Drive = drive.Drive{
		Path:     "/home/ops/images/site7.img",
		Identity: drive.Identity{Kind: drive.KindImage, Name: "site7.img", SizeBytes: 10_000_017, LogicalSectorBytes: 512},
	}
	in.Findings = scan.Report{
		Verdict: scan.Incomplete, SizeBytes: 10_000_017, Findings: []scan.Finding{{Class: scan.Credential, Severity: scan.Low, Sample: true}},
		Coverage: scan.Coverage{Limits: []string{"too many entries"}},
	}
	in.Format = Format{
		Scheme: "mbr", FileSystem: "fat12", Label: "A", StartBytes: 1 << 20, SizeBytes: 8 << 20,
		Note: "The drive is too small for FAT32.",
	}
	in.Speed = Speed{ReadBytesPerSecond: 900 * mega}
	if got := mustMake(t, in).Text(); got != wantImageText {
		t.Errorf("got\n%s\nwant\n%s", got, wantImageText)
	}
}

const wantImageText = `Drive   image site7.img 10 MB
        /home/ops/images/site7.img
        10000017 bytes, sectors of 512
Holds   No leftovers were found in what could be looked at. Samples, which
        open nothing: 1. Not all of the drive could be looked at; there may be
        more.
Loss    EVERYTHING ON THIS DRIVE WILL BE LOST. There is no way back.
Policy  r2: one keyed pass, every byte read back.
Steps   1. Overwrite every byte with a pattern made for this run and this
        drive, about 1 s.
        2. Read every byte back and compare it, about 1 s.
        3. If all of that went well: make one FAT12 volume of 8.4 MB named A,
        and check it. The drive is too small for FAT32.
        4. Store a signed record of what was done, 20261124-093011-k7q2m5xw.
Time    about 2 s: writing at 400 MB/s (assumed for a file on this computer),
        reading at 900 MB/s (measured)
Claim   Clear per NIST SP 800-88r2 §3.1.1, of every byte that a host can
        address. Not Purge: spare and retired cells of the flash are out of
        reach for any host.
`

// TestTextKeepsItsShape makes everything that comes from outside hostile: the
// text must stay within the screen, and show nothing that a terminal would obey.
func TestTextKeepsItsShape(t *testing.T) {
	for name, bad := range map[string]string{
		"escapes":   strings.Repeat("\x1b[2J\x1b]0;x\a", 40),
		"lines":     strings.Repeat("x\nLoss   nothing\n", 40),
		"wide":      strings.Repeat("消去", 100),
		"no spaces": strings.Repeat("x", 4000),
		"spaces":    strings.Repeat(" y", 2000),
		"not UTF-8": strings.Repeat("\xff\xfe\x80", 90),
		"bidi":      strings.Repeat("\u202egnp", 90),
		"combining": strings.Repeat("e\u0301", 300),
	} {
		in := stick()
		in.Drive.Path, in.Format.Note, in.CertificateID = "/dev/"+bad, bad, bad[:20]
		in.Drive.Identity.Manufacturer, in.Drive.Identity.Product, in.Drive.Identity.Serial = bad, bad, bad
		in.Format.Label = bad[:11]
		in.Findings.Findings = append(in.Findings.Findings, finding(scan.Class(bad[:10]), scan.Severity(bad[:10])))
		text := mustMake(t, in).Text()
		if lines := strings.Count(text, "\n"); lines > 32 {
			t.Errorf("%s: the text has %d lines:\n%s", name, lines, text)
		}
		if !utf8.ValidString(text) {
			t.Errorf("%s: the text is not UTF-8", name)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > textColumns || len(line) > textColumns {
				t.Errorf("%s: a line of %d bytes: %q", name, len(line), line)
			}
			heading := line[:min(textIndent, len(line))]
			if !strings.Contains("Drive   Holds   Loss    Policy  Steps   Time    Claim           ", heading) {
				t.Errorf("%s: a line with the heading %q", name, heading)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: a line that is not safe to print: %q", name, line)
			}
		}
	}
}

func TestTextSaysWhatMatters(t *testing.T) {
	text := unwrapped(mustMake(t, stick()))
	for _, want := range []string{
		"SanDisk Ultra 61.5 GB, serial 4C530001230405117322", "/dev/sdb", "61530439680 bytes",
		"4 leftovers. Credentials: 2 critical, 1 high. Configuration: 1 high. Logs: 1 low.",
		"EVERYTHING ON THIS DRIVE WILL BE LOST", "Read every byte back", "PANORAMA", "assumed",
		"Clear per NIST SP 800-88r2 §3.1.1", "Not Purge",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
	for _, p := range append(policy.Builtin(), own(policy.Fixed(1)), sampled(50)) {
		in := stick()
		if in.Policy = p; !p.Reformat {
			in.Format = Format{}
		}
		text := unwrapped(mustMake(t, in))
		for _, never := range []string{"IEEE", "DoD", "BSI", "HMG", "military", "unrecoverable", "certified", "compliant"} {
			if strings.Contains(text, never) {
				t.Errorf("%s: the text claims %q", p.ID, never)
			}
		}
		for want, when := range map[string]bool{
			"claims no compliance with any standard": p.ID != policy.Default,
			"Clear per NIST SP 800-88r2 §3.1.1":      !p.Sampled(),
			"the verdict is INCOMPLETE at best":      p.Sampled(),
			"Read every byte back":                   !p.Sampled(),
			"Read 50 % of all bytes back":            p.Sampled(),
			"Leave the drive without a file system":  !p.Reformat,
			"make one FAT32 volume":                  p.Reformat,
			"The same bytes everywhere prove less":   p.ID == "zero" || p.ID == "vsitr" || p.ID == "site" && !p.Sampled(),
			"It is your own":                         p.Own,
			"Not Purge":                              true,
		} {
			if strings.Contains(text, want) != when {
				t.Errorf("%s: the text says %q: %v\n%s", p.ID, want, !when, text)
			}
		}
	}
}

// TestTextOfPolicies pins the plan's words for passes that differ, and for a share
// that is read back.
func TestTextOfPolicies(t *testing.T) {
	const head, tail = "Policy  ", "Time    "
	for _, c := range []struct {
		policy policy.Policy
		want   string
	}{
		{mustPolicy(t, "dod-3"), wantLegacySteps},
		{mustPolicy(t, "r1"), wantComplementSteps},
		{sampled(10), wantSampledSteps},
	} {
		in := stick()
		if in.Policy = c.policy; !c.policy.Reformat {
			in.Format = Format{}
		}
		text := mustMake(t, in).Text()
		if got := text[strings.Index(text, head):strings.Index(text, tail)]; got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

func mustPolicy(t *testing.T, id string) policy.Policy {
	t.Helper()
	p, err := policy.ByID(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const wantLegacySteps = `Policy  dod-3: a legacy pattern of 00, FF and a keyed pass, every byte read
        back. The name stands for the steps below, and claims no compliance
        with any standard.
Steps   1. Overwrite every byte with 00, about 41 min 2 s.
        2. Overwrite every byte with FF, about 41 min 2 s.
        3. Overwrite every byte with a pattern made for this run and this
        drive, about 41 min 2 s.
        4. Read every byte back and compare it, about 29 min 19 s.
        5. If all of that went well: make one FAT32 volume of 61.5 GB named
        PANORAMA, and check it.
        6. Store a signed record of what was done, 20261124-093011-k7q2m5xw.
`

const wantComplementSteps = `Policy  r1: a keyed pass and its complement, every byte read back. The name
        stands for the steps below, and claims no compliance with any
        standard.
Steps   1. Overwrite every byte with a pattern made for this run and this
        drive, about 41 min 2 s.
        2. Overwrite every byte with the complement of the pass before, about
        41 min 2 s.
        3. Read every byte back and compare it, about 29 min 19 s.
        4. If all of that went well: make one FAT32 volume of 61.5 GB named
        PANORAMA, and check it.
        5. Store a signed record of what was done, 20261124-093011-k7q2m5xw.
`

const wantSampledSteps = `Policy  site: our site's. It is your own. The name stands for the steps below,
        and claims no compliance with any standard.
Steps   1. Overwrite every byte with a pattern made for this run and this
        drive, about 41 min 2 s.
        2. Read 10 % of all bytes back, from places all over the drive, and
        compare them, about 2 min 56 s.
        3. Leave the drive without a file system.
        4. Store a signed record of what was done, 20261124-093011-k7q2m5xw.
`

func unwrapped(p Plan) string { return strings.Join(strings.Fields(p.Text()), " ") }

func TestWordsForWhatWasFound(t *testing.T) {
	for want, b := range map[string]Before{
		"No leftovers were found.": {Verdict: scan.Clean, Covered: true},
		"No leftovers were found in what could be looked at. Not all of the drive could be looked at; there may be more.": {Verdict: scan.Incomplete},
		"No leftovers were found. Credentials: 2 low.":                                                                    {Verdict: scan.Clean, Covered: true, Counts: []Count{{scan.Credential, scan.Low, 2}}},
		"1 leftover. Device identities: 1 medium.":                                                                        {Verdict: scan.Leftovers, Covered: true, Counts: []Count{{scan.Identity, scan.Medium, 1}}},
	} {
		if got := b.words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestShortenKeepsBothEnds(t *testing.T) {
	long := "消" + strings.Repeat("去", 400) + "尾"
	got := shorten(long)
	if len(got) > nameBytes || !strings.HasPrefix(got, "消去") || !strings.HasSuffix(got, "去尾") || !utf8.ValidString(got) {
		t.Errorf("shortened to %q", got)
	}
	if short := strings.Repeat("x", nameBytes); shorten(short) != short {
		t.Error("what fits was shortened")
	}
}

// TestTextOfAResumedRun says what of it was done before, and by whom.
func TestTextOfAResumedRun(t *testing.T) {
	in := stick()
	in.Policy = mustPolicy(t, "r1")
	in.Resumes = []Run{{CertificateID: "ps-20261124-k3v9q2m7xd", Pass: 2, Bytes: 4096}}
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	text := unwrapped(p)
	for _, want := range []string{
		": was done by the run ps-20261124-k3v9q2m7xd, and is read back like the rest.",
		", from byte 4096 on, about ", ": what stands before that was written by the run ps-20261124-k3v9q2m7xd,",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	anew := in
	anew.Resumes = nil
	whole, err := Make(anew)
	if err != nil || p.Estimate.Seconds >= whole.Estimate.Seconds || p.Digest() == whole.Digest() {
		t.Errorf("%+v, against %+v, %v", p.Estimate, whole.Estimate, err)
	}
}

// TestResumesThatCannotBe are refused: the plan is made where rights are.
func TestResumesThatCannotBe(t *testing.T) {
	for name, run := range map[string]Run{
		"nobody":             {Pass: 1, Bytes: 4096},
		"itself":             {CertificateID: stick().CertificateID, Pass: 1, Bytes: 4096},
		"no pass":            {CertificateID: "ps-1", Bytes: 4096},
		"a pass too many":    {CertificateID: "ps-1", Pass: 3},
		"behind all, a byte": {CertificateID: "ps-1", Pass: 2, Bytes: 4096},
		"in a sector":        {CertificateID: "ps-1", Pass: 1, Bytes: 512},
		"below nothing":      {CertificateID: "ps-1", Pass: 1, Bytes: -4096},
		"more than there is": {CertificateID: "ps-1", Pass: 1, Bytes: 1 << 62},
	} {
		in := stick()
		in.Resumes = []Run{run}
		if _, err := Make(in); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// rule is one kind of thing that is looked for: in directories by path, in bytes
// by literals and a confirmer, or both.
type rule struct {
	id       string
	class    Class
	severity Severity
	encoding string
	// path reports whether the entry at a path is of this kind by its name alone.
	path func(e entryName) bool
	// literals are candidates for confirm, which reports what it is sure of.
	literals []string
	confirm  func(c *checker, r *rule, v *view, pos int64)
	// background says that most of what is seen is not reported, so that having
	// seen more than is kept is not worth a word.
	background bool
	what       string // what it is and when it counts, for people
}

const (
	encodingText   = "utf-8"
	encodingBinary = "binary"
)

// The rules that code refers to.
var (
	ruleArchive = &rule{
		id: "configuration-archive", class: Credential, severity: Critical, encoding: encodingBinary,
		path:     isArchive,
		literals: []string{zipLocal}, confirm: confirmMember,
		what: "a file named certificates-omni_<device>.zip, whatever is in it; and any ZIP, named or not, whole or cut, with a private key or network configuration among its members",
	}
	rulePrivateKey = &rule{
		id: "private-key", class: Credential, severity: Critical, encoding: encodingText,
		literals: []string{pemBegin}, confirm: confirmKey,
		what: "a private key in PEM whose body decodes to the start of one at least; high when encrypted",
	}
	ruleCertificate = &rule{
		id: "certificate", class: Credential, severity: Medium, encoding: encodingText,
		literals: []string{pemBegin}, confirm: confirmCertificate,
		what: "a certificate in PEM; one that cannot be parsed is low unless it names AWS IoT",
	}
	// Public authorities' certificates lie about everywhere and are no secret.
	ruleAuthority = &rule{
		id: "authority-certificate", class: Credential, severity: Low, encoding: encodingText, background: true,
		what: "a certificate of an authority: reported in an archive only, or as a certificate when its private key is on the drive",
	}
	ruleNetwork = &rule{
		id: "network-configuration", class: Configuration, severity: Medium, encoding: encodingText,
		literals: []string{`"Ethernet0`, `"Ethernet1`, `"StaticIpConnectionInfo`, `"NtpServers`, `"PassCode`, `"Wifi"`, `"Wifi\`, `"Ssh`},
		confirm:  confirmNetwork,
		what:     "JSON with two keys of the appliance's network configuration; high with a Wi-Fi or SSH password in it",
	}
	ruleLog = &rule{
		id: "provisioning-log", class: Log, severity: Medium, encoding: encodingText,
		path:     isLog,
		literals: logLevels, confirm: confirmLogLine,
		what: "/panorama/{occ,ota_agent,syslog,kern}.log, and lines as the controller writes them anywhere",
	}
	ruleEgress = &rule{
		id: "log-egress-image", class: Log, severity: Medium, encoding: encodingBinary,
		path: isEgress,
		what: "panorama_device_log_v*.img, the encrypted image that the appliance writes its logs to",
	}
	ruleEgressFolder = &rule{
		id: "managed-logs-folder", class: Log, severity: Medium, encoding: encodingBinary,
		path: isEgressFolder,
		what: "/panorama/managed_logs, when no image was found in it",
	}
	ruleArchiveName = &rule{
		id: "archive-name", class: Identifier, severity: Medium, encoding: encodingBinary,
		literals: []string{archiveSlot}, confirm: confirmSlot,
		what: "the archive's long name in FAT directory slots that no directory holds any more, as a quick format leaves them",
	}
	ruleDeviceID = &rule{
		id: "device-id", class: Identifier, severity: Medium, encoding: encodingText,
		literals: []string{deviceIDPrefix}, confirm: confirmDeviceID,
		what: "device- and 26 characters of base32",
	}
	ruleThing = &rule{
		id: "thing-name", class: Identifier, severity: Medium, encoding: encodingText,
		literals: []string{"_Thing_"}, confirm: confirmThing,
		what: "panorama_<device>_Thing_<8 hex digits>",
	}
	ruleARN = &rule{
		id: "panorama-arn", class: Identifier, severity: Medium, encoding: encodingText,
		literals: []string{":panorama:"}, confirm: confirmARN,
		what: "arn:aws:panorama:<region>:<account>:<resource>",
	}
	ruleThingARN = &rule{
		id: "thing-arn", class: Identifier, severity: Medium, encoding: encodingText,
		literals: []string{":thing/"}, confirm: confirmThingARN,
		what: "arn:aws:iot:<region>:<account>:thing/panorama…",
	}
)

// rules is all of them; where several could name an entry, the first one does.
//
// What counts as a sample, whatever the rule: IDs with "xmpl" in them, account
// 123456789012, bodies with EXAMPLE in them that do not parse, and the
// certificate of the IAM documentation. A sample is low. What is low does not
// make a drive dirty.
func rules() []*rule {
	return []*rule{
		ruleArchive, rulePrivateKey, ruleCertificate, ruleAuthority, ruleNetwork, ruleLog, ruleEgress, ruleEgressFolder,
		ruleArchiveName, ruleDeviceID, ruleThing, ruleARN, ruleThingARN,
	}
}

// ruleset is rules made ready for work.
type ruleset struct {
	rules     []*rule
	literals  *literals
	byLiteral [][]*rule
	digest    string
}

func newRuleset(rules []*rule) *ruleset {
	s := &ruleset{rules: rules}
	var texts []string
	sum := sha256.New()
	for _, r := range rules {
		fmt.Fprintf(sum, "%s\x00%s\x00%s\x00%s\x00%q\x00", r.id, r.class, r.severity, r.what, r.literals)
		for _, l := range r.literals {
			at := slices.Index(texts, l)
			if at < 0 {
				at = len(texts)
				texts = append(texts, l)
				s.byLiteral = append(s.byLiteral, nil)
			}
			s.byLiteral[at] = append(s.byLiteral[at], r)
		}
	}
	s.literals = newLiterals(texts)
	s.digest = "panorama-1 sha256:" + hex.EncodeToString(sum.Sum(nil))[:16]
	return s
}

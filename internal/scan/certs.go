package scan

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
	"github.com/panoscrub/panoscrub/internal/rules"
)

// exampleCertificate starts the body of the certificate that AWS documentation
// shows everywhere (IAM User Guide, UploadSigningCertificate).
const exampleCertificate = "MIICiTCCAfICCQD6m7oRw0uXOj"

// confirmCertificate reports a certificate in PEM, in DER, or in base64 without an
// armour.
func confirmCertificate(c *checker, r *rules.Rule, v *view, pos int64) {
	start, a, ok := valueAt(v, pos, isCertificate)
	if !ok || len(a.der) < minBody {
		return
	}
	if a.encoding == "" && bytes.Contains(v.bytes(start, a.length), []byte(exampleCertificate)) {
		a.sample = true
	}
	s, authority, ok := describeCertificate(a)
	if !ok {
		return
	}
	s.rule, s.encoding = r, a.encoding
	if authority {
		s.rule = c.set.authority
	} else {
		markPublished(&s, c.set.Published)
	}
	c.report(v, start, s)
}

func isCertificate(label []byte) bool {
	kind, ok := bytes.CutSuffix(label, []byte("CERTIFICATE"))
	return ok && (len(kind) == 0 || string(kind) == "X509 " || string(kind) == "TRUSTED ")
}

// confirmPublicKey reports a public key, or a request for a certificate, in PEM.
func confirmPublicKey(c *checker, r *rules.Rule, v *view, pos int64) {
	a, ok := armorAt(v, pos, func(label []byte) bool {
		return bytes.HasSuffix(label, []byte("PUBLIC KEY")) || bytes.HasSuffix(label, []byte("CERTIFICATE REQUEST"))
	})
	if ok && len(a.der) >= minBody {
		c.report(v, pos, sighting{rule: r, length: int64(a.length), hint: strings.ToLower(a.label)})
	}
}

// describeCertificate says what the armor holds; false when it is no
// certificate, nor the start of one, nor an example.
func describeCertificate(a armor) (s sighting, authority, ok bool) {
	s = sighting{length: int64(a.length), sample: a.sample}
	claimed, isDER := startsDER(a.der)
	if isDER && a.whole {
		// What OpenSSL calls a trusted certificate has more behind the DER value.
		if cert, err := x509.ParseCertificate(a.der[:min(claimed, len(a.der))]); err == nil {
			s.pair = pairOf(cert.PublicKey)
			s.hint, authority = certificateHint(cert)
			if signsPrograms(cert) {
				s.severity = Low
			}
			return s, authority, true
		}
	}
	state := "damaged"
	if !a.whole {
		state = "cut short"
	}
	s.hint = fmt.Sprintf("certificate, %d bytes, %s", a.length, state)
	if !mentionsAWS(a.der) {
		s.severity = Low
	}
	return s, false, a.sample || isDER && a.der[4] == 0x30
}

// certificateHint describes a certificate, and tells whether it is that of an
// authority. A device's own certificate may call itself one; its subject tells.
func certificateHint(cert *x509.Certificate) (hint string, authority bool) {
	subject := cert.Subject.String()
	authority = isAuthority(cert, subject) && !namesDevice(subject)
	kind := "certificate"
	if authority {
		kind = "certificate of an authority"
	}
	if subject == "" {
		return kind + " without a subject", authority
	}
	return fmt.Sprintf("%s, subject %s", kind, shorten(human.Safe(subject), 120)), authority
}

// isAuthority reports whether a certificate is that of an authority. Old roots say
// so in words only.
func isAuthority(cert *x509.Certificate, subject string) bool {
	if cert.IsCA || !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return cert.IsCA
	}
	return cert.Version == 1 || cert.KeyUsage&x509.KeyUsageCertSign != 0 || strings.Contains(subject, "Certification Authority")
}

// mentionsAWS reports whether a certificate that cannot be parsed was issued by
// AWS IoT, or for one of its things.
func mentionsAWS(der []byte) bool {
	return bytes.Contains(der, []byte("AWS IoT Certificate")) || bytes.Contains(der, []byte("Amazon Web Services O=Amazon.com"))
}

// signsPrograms reports whether the certificate is one that programs are signed
// with, or their signatures dated: installers are full of them.
func signsPrograms(cert *x509.Certificate) bool {
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageTimeStamping)
}

// namesDevice reports whether a subject is that of a device.
func namesDevice(subject string) bool {
	lower := strings.ToLower(subject)
	return strings.Contains(lower, "aws iot certificate") || strings.Contains(lower, "panorama_")
}

// shorten cuts text that is safe to print to n characters.
func shorten(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}

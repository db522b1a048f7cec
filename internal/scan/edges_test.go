package scan

import (
	"bytes"
	"strings"
	"testing"
)

// leftoverTexts are things that a scan looks for, whole.
func leftoverTexts(t testing.TB) [][]byte {
	files := []zipFile{{"a", []byte("first")}, {"key", ecPEM(ecKey())}}
	slots := "\x42.\x00z\x00i\x00p\x00\x00\x00\x0F\x00x" + strings.Repeat("\xFF", 18) +
		"\x01c\x00e\x00r\x00t\x00i\x00\x0F\x00xf\x00i\x00c\x00a\x00t\x00e\x00\x00\x00s\x00-\x00CERTIF~1ZIP\x20" + strings.Repeat("\x00", 20)
	texts := [][]byte{
		rsaPEM(0), ecPEM(ecKey()), pkcs8PEM(ecKey()), certPEM("x", true, ecKey()), opensshKey("none"), networkJSON(),
		logLines(2, deviceID()), zipOf(t, 0, files...), zipOf(t, 8, files...), []byte(slots),
		[]byte("certificates-omni_site7.zip occ.log\x00managed_logs\x00syslog.log\x00 panorama_device_log_v1"),
		[]byte(".          \x10" + strings.Repeat("\x00", 20) + "..         \x10" + strings.Repeat("\x00", 20) + "OCC     LOG\x20" + strings.Repeat("\x00", 20)),
		[]byte("AKIA" + strings.Repeat("A2", 8) + " " + strings.Repeat("aB3/", 10)),
		[]byte("rtsp://u:p@camera/ a1b2c3d4e5f6g7-ats.iot.us-east-1.amazonaws.com"),
		[]byte("\x30\x82\x04\x00\x02\x01\x03\x30\x82\x03\x00\x06\x09*\x86H\x86\xF7\x0D\x01\x07\x01"),
		[]byte("\xFE\xED\xFE\xED\x00\x00\x00\x02\x00\x00\x00\x01"),
	}
	for _, text := range texts[:7] {
		texts = append(texts, []byte(widened(string(text))))
	}
	for _, r := range builtinRuleset().Rules {
		for _, literal := range append(append([]string{}, r.Bytes...), r.Text...) {
			texts = append(texts, []byte(literal), []byte(widened(literal)))
		}
	}
	return texts
}

// TestEdges looks at each text where what surrounds it is missing: at the start of
// the drive and at its end, cut there at each byte.
func TestEdges(t *testing.T) {
	for _, text := range leftoverTexts(t) {
		for before := range 9 {
			lookedAt(t, append(bytes.Repeat([]byte{'x'}, before), text...))
		}
		for cut := 1; cut < len(text); cut++ {
			lookedAt(t, text[:cut])
			if cut < 64 {
				lookedAt(t, text[cut:])
			}
		}
	}
}

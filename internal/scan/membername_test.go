package scan

import "testing"

func TestWithoutContent(t *testing.T) {
	for name, want := range map[string]string{
		"keys/private.pem":                       "keys/private.pem",
		"certificates-omni_site7.zip":            "certificates-omni_site7.zip",
		"device-abcdefghijklmnopqrstuvwxya.log":  "device-abcdefghijklmnopqrstuvwxya.log",
		"d41d8cd98f00b204e9800998ecf8427e":       "d41d8cd98f00b204e9800998ecf8427e",
		"key-----BEGIN EC PRIVATE KEY-----\nMHc": "key…",
		`network.json{"Wifi":{"PassCode":"x"}}`:  "network.json…",
		`"quoted".txt`:                           "…",
		"keys/Device01/private":                  "keys/Device01/private",
		"key MHcCAQEEINnX7PQPab":                 "key …",
		"keyMHcCAQEEINnX7PQPab":                  "…",
		"":                                       "",
	} {
		if got := withoutContent(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

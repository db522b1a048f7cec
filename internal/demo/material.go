package demo

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// material is one appliance's provisioning material. All of it is made on the
// spot, and none of it opens anything.
type material struct {
	deviceName  string
	deviceID    string
	certificate []byte // PEM
	privateKey  []byte // PEM, PKCS#1 as AWS IoT hands it out
	network     []byte // network.json
}

func newMaterial(deviceName string) (material, error) {
	m := material{deviceName: deviceName, deviceID: newDeviceID()}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return m, fmt.Errorf("making a key: %w", err)
	}
	m.privateKey = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "AWS IoT Certificate"},
		NotBefore:    time.Now().Add(-time.Hour),
		// AWS IoT's own certificates carry this date.
		NotAfter: time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return m, fmt.Errorf("making a certificate: %w", err)
	}
	m.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	m.network, err = json.MarshalIndent(networkConfiguration(), "", "  ")
	return m, err
}

// networkConfiguration has the members of the service's NetworkPayload, and the
// Wi-Fi and SSH parts that the preview's network.json held in plain text.
func networkConfiguration() map[string]any {
	return map[string]any{
		"Ethernet0": map[string]any{
			"ConnectionType": "STATIC_IP",
			"StaticIpConnectionInfo": map[string]any{
				"IpAddress": "192.0.2.17", "Mask": "255.255.255.0", "DefaultGateway": "192.0.2.1", "Dns": []string{"192.0.2.53"},
			},
		},
		"Ethernet1": map[string]any{"ConnectionType": "DHCP"},
		"Ntp":       map[string]any{"NtpServers": []string{"ntp.example.net"}},
		"Wifi": map[string]any{
			"Primary": map[string]any{"Ssid": "plant-floor", "PassCode": rand.Text(), "SecurityType": "WPA2PSK"},
		},
		"Ssh": map[string]any{"Enable": true, "User": map[string]any{"Username": "panorama", "Password": rand.Text()[:12] + "aA1!"}},
	}
}

// newDeviceID makes an id of the form that real ones have: 16 random bytes in
// lower-case base32.
func newDeviceID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	return "device-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

func (m material) archiveName() string { return "certificates-omni_" + m.deviceName + ".zip" }

// archive is the configuration archive: the key stored, the rest deflated, so
// that both ways of finding a member are shown.
func (m material) archive() ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, member := range []struct {
		name   string
		method uint16
		data   []byte
	}{
		{"certificate.pem", zip.Deflate, m.certificate},
		{"private.pem", zip.Store, m.privateKey},
		{"network.json", zip.Deflate, m.network},
	} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: member.name, Method: member.method})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(member.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// log is a provisioning log in the shape of the appliance's controller log.
func (m material) log(at time.Time, lines int) []byte {
	messages := []string{
		"INFO provisionDevice(118) starting provisioning for " + m.deviceID,
		"INFO readConfigurationArchive(204) found " + m.archiveName(),
		"INFO connectNetwork(87) eth0 192.0.2.17/24 up, gateway 192.0.2.1",
		"WARN fetchCredentials(311) Unable to fetch device credentials, retry 1",
		"INFO registerThing(342) thing panorama_" + m.deviceName + "_Thing_a01e373b registered",
		"INFO copyLogs(402) copying logs to the USB drive",
	}
	var b bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&b, "%s %s\n", at.Add(time.Duration(i)*1370*time.Millisecond).Format("2006-01-02 15:04:05.000"), messages[i%len(messages)])
	}
	return b.Bytes()
}

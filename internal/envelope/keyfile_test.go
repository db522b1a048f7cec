package envelope

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const testPassphrase = "correct horse battery staple"

func ask(passphrase string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(passphrase), nil }
}

func TestSaveAndLoad(t *testing.T) {
	for _, algorithm := range algorithms {
		for _, passphrase := range []string{"", testPassphrase} {
			key, path := newTestKey(t, algorithm), filepath.Join(t.TempDir(), "key.pem")
			if err := key.Save(path, []byte(passphrase)); err != nil {
				t.Fatal(err)
			}
			given := []byte(passphrase)
			loaded, err := Load(path, func() ([]byte, error) { return given, nil })
			if err != nil || loaded.KeyID() != key.KeyID() || loaded.Algorithm() != algorithm {
				t.Fatalf("%s: %v", algorithm, err)
			}
			if !bytes.Equal(given, make([]byte, len(given))) {
				t.Errorf("%s: the passphrase was not erased", algorithm)
			}
			public, err := LoadPublic(path + ".pub")
			if err != nil || public.KeyID() != key.KeyID() {
				t.Fatalf("%s: %v", algorithm, err)
			}
			if _, _, err := check(sign(t, loaded, testType, []byte("body")), public); err != nil {
				t.Errorf("%s: %v", algorithm, err)
			}
			checkMode(t, path, 0o600)
			checkMode(t, path+".pub", 0o644)
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 2 {
				t.Errorf("files left: %v", left)
			}
		}
	}
}

func checkMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != want {
		t.Errorf("%s has the mode %v, want %v", path, info.Mode(), want)
	}
}

func TestSaveReplacesNothing(t *testing.T) {
	key := newTestKey(t, Ed25519)
	for _, there := range []string{"key", "key.pub"} {
		path := filepath.Join(t.TempDir(), "key")
		occupied := filepath.Join(filepath.Dir(path), there)
		write(t, occupied, []byte("old"))
		if err := key.Save(path, nil); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s was there: %v", there, err)
		}
		if data, err := os.ReadFile(occupied); err != nil || string(data) != "old" {
			t.Errorf("%s was there: it holds %q now, %v", there, data, err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
			t.Errorf("%s was there: files now: %v", there, left)
		}
	}
	if err := key.Save(filepath.Join(t.TempDir(), "no", "key"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the folder: %v", err)
	}
}

func TestLoadWritesTheLostPublicHalf(t *testing.T) {
	key, path := newTestKey(t, Ed25519), filepath.Join(t.TempDir(), "key")
	if err := errors.Join(key.Save(path, nil), os.Remove(path+".pub")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil); err != nil {
		t.Fatal(err)
	}
	if public, err := LoadPublic(path + ".pub"); err != nil || public.KeyID() != key.KeyID() {
		t.Errorf("%v", err)
	}
}

// TestLoadRefusals has each way in which a private key's file can be wrong.
func TestLoadRefusals(t *testing.T) {
	plain, locked := saved(t, ""), saved(t, testPassphrase)
	errAsk := errors.New("nobody there")
	messages := map[string]string{}
	for _, c := range []struct {
		name       string
		data       []byte
		passphrase func() ([]byte, error)
		want       error
	}{
		{"empty", nil, nil, ErrKey},
		{"text", []byte("hello\n"), nil, ErrKey},
		{"cut off", plain[:len(plain)-10], nil, ErrKey},
		{"two keys", append(bytes.Clone(plain), plain...), nil, ErrKey},
		{"too large", append(bytes.Clone(plain), bytes.Repeat([]byte("\n"), maxKeyFile)...), nil, ErrKey},
		{"not PKCS#8", encode(privatePEM, []byte("hello")), nil, ErrKey},
		{"a public key", newTestKey(t, Ed25519).Public().PEM(), nil, ErrKey},
		{"RSA", encode(privatePEM, pkcs8(t, rsaKey(t))), nil, ErrKeyType},
		{"P-384", encode(privatePEM, pkcs8(t, p384Key(t))), nil, ErrKeyType},
		{"SEC 1", encode("EC PRIVATE KEY", []byte("x")), nil, ErrKey},
		{"locked, not JSON", encode(lockedPEM, []byte("{")), ask(testPassphrase), ErrKey},
		{"locked, wrong passphrase", locked, ask("wrong"), ErrPassphrase},
		{"locked, no passphrase", locked, ask(""), ErrPassphrase},
		{"locked, damaged", rewritten(t, locked, `"ciphertext":"`, `"ciphertext":"AAAA`), ask(testPassphrase), ErrPassphrase},
		// This would take a terabyte, were it tried.
		{"locked, costly parameters", rewritten(t, locked, `"N":65536`, `"N":1073741824`), ask(testPassphrase), ErrPassphrase},
		{"locked, nobody to ask", locked, func() ([]byte, error) { return nil, errAsk }, errAsk},
	} {
		path := filepath.Join(t.TempDir(), "key")
		write(t, path, c.data)
		key, err := Load(path, c.passphrase)
		if key != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
			continue
		}
		if c.want == ErrKey && errors.Is(err, ErrKeyType) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !strings.Contains(err.Error(), path) && !errors.Is(err, errAsk) {
			t.Errorf("%s: %v does not name the file", c.name, err)
		}
		messages[strings.ReplaceAll(err.Error(), path, "")] += " " + c.name
	}
	if len(messages) < 10 {
		t.Errorf("the messages do not tell the cases apart: %q", messages)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir, nil); !errors.Is(err, ErrKey) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "missing"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := LoadPublic(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing public key: %v", err)
	}
}

func TestLoadRefusesOpenModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: modes do not tell who may read a file on Windows")
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := newTestKey(t, Ed25519).Save(path, nil); err != nil {
		t.Fatal(err)
	}
	for mode, fits := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o700: true, 0o640: false, 0o604: false, 0o620: false, 0o610: false, 0o666: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, nil); fits != (err == nil) || !fits && !errors.Is(err, ErrPermissions) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
}

func TestParsePublic(t *testing.T) {
	good := newTestKey(t, ECDSAP256).Public().PEM()
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":      {nil, ErrKey},
		"cut off":    {good[:40], ErrKey},
		"private":    {saved(t, ""), ErrKey},
		"not a key":  {encode(publicPEM, []byte("x")), ErrKey},
		"two keys":   {append(bytes.Clone(good), good...), ErrKey},
		"RSA":        {encode(publicPEM, pkix(t, rsaKey(t).Public())), ErrKeyType},
		"P-384":      {encode(publicPEM, pkix(t, p384Key(t).Public())), ErrKeyType},
		"too large":  {append(bytes.Clone(good), bytes.Repeat([]byte(" "), maxKeyFile)...), ErrKey},
		"good":       {good, nil},
		"with blank": {append(bytes.Clone(good), "\n \n"...), nil},
	} {
		if key, err := ParsePublic(c.data); !errors.Is(err, c.want) || (key == nil) != (err != nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestGenerateRefusesUnknownKinds(t *testing.T) {
	if _, err := Generate("rsa"); !errors.Is(err, ErrKeyType) {
		t.Errorf("%v", err)
	}
}

func saved(t *testing.T, passphrase string) []byte {
	t.Helper()
	data, err := newTestKey(t, ECDSAP256).encode([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rewritten changes the JSON inside a locked key.
func rewritten(t *testing.T, locked []byte, old, new string) []byte {
	t.Helper()
	block, _ := pem.Decode(locked)
	box := bytes.Replace(block.Bytes, []byte(old), []byte(new), 1)
	if bytes.Equal(box, block.Bytes) {
		t.Fatalf("%s is not in the locked key", old)
	}
	return encode(lockedPEM, box)
}

func encode(kind string, data []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func p384Key(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pkix(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

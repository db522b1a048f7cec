package envelope

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

// PEM types of private keys. The locked ones are cosign's: the PEM block holds
// JSON with scrypt's parameters, a nonce, and the PKCS#8 key in NaCl's
// secretbox. cosign's older name is read and not written.
const (
	privatePEM   = "PRIVATE KEY"
	lockedPEM    = "ENCRYPTED SIGSTORE PRIVATE KEY"
	oldLockedPEM = "ENCRYPTED COSIGN PRIVATE KEY"
)

// maxKeyFile is far more than any key of ours needs.
const maxKeyFile = 64 << 10

// publicEnding is put behind a private key's path for its public half.
const publicEnding = ".pub"

// Save writes the private key to path as PKCS#8 PEM that only its owner can read,
// and the public key to path with ".pub" behind it. With a passphrase the
// private key is encrypted in cosign's form.
//
// Nothing is ever replaced: the error wraps fs.ErrExist when either file is
// there. Each file appears in full or not at all.
func (k *Key) Save(path string, passphrase []byte) error {
	private, err := k.encode(passphrase)
	if err != nil {
		return fmt.Errorf("encoding the private key: %w", err)
	}
	defer clear(private)
	// Known here, it leaves no private key that nobody has the public half of.
	if _, err := os.Lstat(path + publicEnding); err == nil {
		return &fs.PathError{Op: "create", Path: path + publicEnding, Err: fs.ErrExist}
	}
	if err := createFile(path, private, 0o600); err != nil {
		return err
	}
	if err := createFile(path+publicEnding, k.public.PEM(), 0o644); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (k *Key) encode(passphrase []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	block := &pem.Block{Type: privatePEM, Bytes: der}
	if len(passphrase) > 0 {
		block.Type = lockedPEM
		if block.Bytes, err = encrypted.Encrypt(der, passphrase); err != nil {
			return nil, err
		}
	}
	return pem.EncodeToMemory(block), nil
}

// Load reads a private key that [Key.Save] or cosign wrote. passphrase is called
// when the key is locked, and what it returns is erased after use. Where the
// public half beside the key has gone, it is written again if that can be done.
//
// The error wraps [ErrPermissions] when the file can be read by others (not
// checked on Windows), [ErrPassphrase], [ErrKey], passphrase's own, or tells why
// the file cannot be read. It never holds anything of the key.
func Load(path string, passphrase func() ([]byte, error)) (Signer, error) {
	data, err := readKeyFile(path, ownerOnly)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := parsePrivate(data, passphrase)
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", path, err)
	}
	if _, err := os.Lstat(path + publicEnding); errors.Is(err, fs.ErrNotExist) {
		// A run that was killed between the two files of Save left it so. Signing
		// does not need it.
		_ = createFile(path+publicEnding, key.public.PEM(), 0o644)
	}
	return key, nil
}

func parsePrivate(data []byte, passphrase func() ([]byte, error)) (*Key, error) {
	block, err := onlyBlock(data)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	der := block.Bytes
	switch block.Type {
	case privatePEM:
	case lockedPEM, oldLockedPEM:
		if der, err = unlock(block.Bytes, passphrase); err != nil {
			return nil, err
		}
		defer clear(der)
	default:
		return nil, fmt.Errorf("%w: a PEM block of type %.80q, not %q", ErrKey, block.Type, privatePEM)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		// The parser's own words could quote bytes of the key.
		return nil, fmt.Errorf("%w: the PEM block holds no PKCS#8 key that can be read", ErrKey)
	}
	return newKey(private)
}

// unlock decrypts a locked key. A wrong passphrase and a damaged box cannot be
// told apart: that is the point of an authenticated cipher.
func unlock(box []byte, passphrase func() ([]byte, error)) ([]byte, error) {
	if !json.Valid(box) {
		return nil, fmt.Errorf("%w: the locked key in it is damaged", ErrKey)
	}
	secret, err := passphrase()
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	der, err := encrypted.Decrypt(box, secret)
	if err != nil {
		return nil, fmt.Errorf("%w: the passphrase is wrong, or the file is damaged", ErrPassphrase)
	}
	return der, nil
}

type wantedMode bool

const (
	ownerOnly wantedMode = true
	anyMode   wantedMode = false
)

// readKeyFile reads a regular file of at most maxKeyFile bytes. The mode is asked
// of the file that is open, not of whatever has its name a moment later.
func readKeyFile(path string, want wantedMode) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrKey, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if open := openToOthers(info.Mode()); want == ownerOnly && open {
		return nil, fmt.Errorf("%w: %s has the mode %04o, not 0600", ErrPermissions, path, info.Mode().Perm())
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrKey, path, maxKeyFile)
	}
	return io.ReadAll(io.LimitReader(f, maxKeyFile+1))
}

// createFile makes a new file that is durable when it returns: a temporary file
// in the same folder, fsync, link (which replaces nothing), fsync of the folder.
func createFile(path string, data []byte, perm fs.FileMode) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".new-*") // mode 0600; package durable sweeps up such names
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Chmod(perm), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

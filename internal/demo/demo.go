// Package demo makes a used provisioning drive as a disk image: what an
// appliance's installation leaves on a stick, with everything that a quick look
// does not show.
package demo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/fat32"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/fat"
	"github.com/panoscrub/panoscrub/internal/volume"
)

// SizeBytes is the size of the image. It is no multiple of a power of two, as
// real sticks are not.
const SizeBytes = 256<<20 - 37*512

// Used is what Build made, for people to compare with what inspect says.
type Used struct {
	Path     string
	DeviceID string
	// Planted lists in words what was put on the drive.
	Planted []string
}

// Build makes the image at path, which must not exist yet.
func Build(ctx context.Context, path string) (used Used, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Used{}, err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	if err := f.Truncate(SizeBytes); err != nil {
		return Used{}, err
	}
	live, err := newMaterial("site7")
	if err != nil {
		return Used{}, err
	}
	old, err := newMaterial("site3")
	if err != nil {
		return Used{}, err
	}
	if err := leaveResidue(f, old); err != nil {
		return Used{}, fmt.Errorf("planting residue: %w", err)
	}
	layout, err := format(ctx, path)
	if err != nil {
		return Used{}, fmt.Errorf("formatting the demo drive: %w", err)
	}
	if err := fill(path, layout, live, old); err != nil {
		return Used{}, fmt.Errorf("filling the demo drive: %w", err)
	}
	if err := deleteFiles(ctx, f, layout, "/"+old.archiveName(), "/network.json"); err != nil {
		return Used{}, fmt.Errorf("deleting files on the demo drive: %w", err)
	}
	return Used{Path: path, DeviceID: live.deviceID, Planted: []string{
		live.archiveName() + ": certificate, private key and network configuration",
		"/panorama/{occ,ota_agent,syslog,kern}.log: four provisioning logs",
		old.archiveName() + ": an older archive, deleted",
		"network.json: unpacked by somebody, deleted",
		"a private key and log lines in free space, from before the drive was quick-formatted",
	}}, nil
}

// leaveResidue writes what an earlier use left in the middle of the drive, where
// the quick format that follows does not reach.
func leaveResidue(f *os.File, m material) error {
	const middle = SizeBytes / 2 / 512 * 512
	_, keyErr := f.WriteAt(m.privateKey, middle)
	_, logErr := f.WriteAt(m.log(time.Now().AddDate(0, -8, 0), 40), middle+1<<20)
	return errors.Join(keyErr, logErr)
}

func format(ctx context.Context, path string) (volume.Layout, error) {
	dev, err := block.OpenImage(path, block.ReadWrite)
	if err != nil {
		return volume.Layout{}, err
	}
	defer dev.Close()
	layout, err := volume.NewLayout(dev.Size(), dev.SectorSize())
	if err != nil {
		return layout, err
	}
	return layout, volume.Make(ctx, dev, volume.Spec{
		Layout: layout, Label: "USB STICK", DiskSignature: 0x70616e6f, VolumeID: 0x73637275,
	}, nil)
}

func fill(path string, layout volume.Layout, live, old material) error {
	archive, err := live.archive()
	if err != nil {
		return err
	}
	oldArchive, err := old.archive()
	if err != nil {
		return err
	}
	disk, err := file.OpenFromPath(path, false)
	if err != nil {
		return err
	}
	defer disk.Close()
	fs, err := fat32.Read(disk, layout.PartitionBytes, layout.StartBytes, int64(layout.SectorBytes))
	if err != nil {
		return err
	}
	if err := fs.Mkdir("/panorama"); err != nil {
		return err
	}
	provisioned := time.Now().AddDate(0, 0, -3)
	for _, item := range []struct {
		path string
		data []byte
	}{
		{"/" + old.archiveName(), oldArchive},
		{"/README.TXT", []byte("Site installation stick. Return to the depot after use.\r\n")},
		{"/" + live.archiveName(), archive},
		{"/network.json", old.network},
		{"/panorama/occ.log", live.log(provisioned, 400)},
		{"/panorama/ota_agent.log", live.log(provisioned.Add(time.Minute), 120)},
		{"/panorama/syslog.log", live.log(provisioned.Add(2*time.Minute), 300)},
		{"/panorama/kern.log", live.log(provisioned.Add(3*time.Minute), 200)},
	} {
		if err := writeFile(fs, item.path, item.data); err != nil {
			return fmt.Errorf("%s: %w", item.path, err)
		}
	}
	return nil
}

func writeFile(fs *fat32.FileSystem, path string, data []byte) error {
	f, err := fs.OpenFile(path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}

// deleteFiles does to each file what an operating system does: the first byte of
// its directory slots becomes 0xE5, and its clusters become free in both tables.
// The library's own Remove leaves the clusters allocated.
func deleteFiles(ctx context.Context, f *os.File, layout volume.Layout, paths ...string) error {
	fs, err := fat.Open(f, layout.StartBytes, layout.PartitionBytes)
	if err != nil {
		return err
	}
	left := map[string]bool{}
	for _, path := range paths {
		left[path] = true
	}
	err = fs.WalkSlots(ctx, func(e fat.Entry) error {
		if e.Deleted || !left[e.Path] {
			return nil
		}
		delete(left, e.Path)
		return unlink(f, fs, e)
	})
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%d files to delete were not found", len(left))
	}
	return err
}

func unlink(f *os.File, fs *fat.FS, e fat.Entry) error {
	const slot = 32
	slots := int64(1)
	for off := e.SlotOffset - slot; isLongNameSlot(f, off); off -= slot {
		slots++
	}
	for i := range slots {
		if _, err := f.WriteAt([]byte{0xe5}, e.SlotOffset-i*slot); err != nil {
			return err
		}
	}
	free := binary.LittleEndian.AppendUint32(nil, 0)
	for _, extent := range e.Data {
		for off := extent.Offset; off < extent.End(); off += int64(fs.Boot.ClusterBytes) {
			cluster, _ := fs.ClusterOf(off)
			for table := range int64(fs.Boot.Copies) {
				if _, err := f.WriteAt(free, fs.Boot.TableOffset+table*fs.Boot.TableBytes+int64(cluster)*4); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func isLongNameSlot(f *os.File, off int64) bool {
	var slot [32]byte
	if _, err := f.ReadAt(slot[:], off); err != nil {
		return false
	}
	return slot[11] == 0x0f && slot[0] != 0xe5 && slot[0] != 0
}

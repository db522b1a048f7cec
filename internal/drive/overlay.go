package drive

import "strings"

// overlayDepth is how deep the kernel lets overlays stand on overlays.
const overlayDepth = 2

// noteOverlays adds to each overlay the devices below its folders: a live system's
// root lies on the medium that it was started from, and on nothing by its number.
//
// A folder that cannot be traced adds nothing: overlays of containers name their
// folders as another namespace sees them. What is below is mounted there, which
// counts for itself.
func (s System) noteOverlays(mounts []mount) {
	type layer struct{ overlay, below *mount }
	var found []layer
	for i := range mounts {
		if m := &mounts[i]; m.fsType == "overlay" {
			for _, folder := range layers(m.options) {
				found = append(found, layer{m, s.placeOf(s.path(folder), mounts, m)})
			}
		}
	}
	for range overlayDepth {
		for _, l := range found {
			for _, number := range l.below.devices {
				l.overlay.devices = including(l.overlay.devices, number)
			}
		}
	}
}

// layers is the folders that an overlay is made of, from its options in the mount
// table. Those that are relative to an unknown folder are left out.
func layers(options string) (folders []string) {
	for option := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "lowerdir":
			folders = append(folders, splitLayers(unescape(value), ':')...)
		case "upperdir", "workdir", "lowerdir+", "datadir+":
			folders = append(folders, splitLayers(unescape(value), noSeparator)...)
		}
	}
	return folders
}

// noSeparator is in no name.
const noSeparator = 0

// splitLayers splits a list of folders and undoes the backslashes by which
// overlays keep a colon or a comma in a name. A list may have empty places.
func splitLayers(list string, separator byte) (folders []string) {
	var name strings.Builder
	add := func() {
		if strings.HasPrefix(name.String(), "/") {
			folders = append(folders, name.String())
		}
		name.Reset()
	}
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == separator:
			add()
			continue
		case list[i] == '\\' && i+1 < len(list):
			i++
		}
		name.WriteByte(list[i])
	}
	add()
	return folders
}

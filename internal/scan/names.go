package scan

import (
	"path"
	"regexp"
	"strings"
)

// entryName is what a directory entry is judged by.
type entryName struct {
	path    string // from the root, "/" between names
	dir     bool
	deleted bool
}

func (e entryName) base() string { return path.Base(e.path) }

// Names of what provisioning leaves. FAT does not tell upper from lower case,
// and loses the first character of a deleted short name: "_" stands for it.
var (
	// After the device's name: " (1)", " - Copy" and other marks of a copy. Before
	// all: the mark of macOS's twin. Behind: a download that was not finished.
	archiveName    = regexp.MustCompile(`(?i)^(?:\._)?certificates-omni_([a-z0-9_-]{0,255}?)(?:[ (][^/]{0,40})?\.zip(?:\.(?:part|crdownload|download|tmp))?$`)
	archiveNameCut = regexp.MustCompile(`(?i)^certificates-omni_(?:([a-z0-9_-]*)[. (])?`)
	logPath        = regexp.MustCompile(`(?i)^/[p_]anorama/(?:[o_]cc|[o_]ta_agent|[o_]ta_ag~\d|[s_]yslog|[k_]ern)\.log(?:\.\d+)?$`)
	egressName     = regexp.MustCompile(`(?i)^panorama_device_log_v\d+_\d{2}_\d{2}_\d{2}[^/]*\.img$`)
	egressAlias    = regexp.MustCompile(`(?i)^/[p_]anorama/(?:managed_logs|[m_]anage~\d)/[p_]anora~\d\.img$`)
	egressFolder   = regexp.MustCompile(`(?i)^/[p_]anorama/(?:managed_logs|[m_]anage~\d)$`)
)

func isArchive(e entryName) bool {
	_, ok := archiveDevice(e.base(), e.deleted)
	return ok && !e.dir
}

// archiveDevice returns the device's name that stands in an archive's; false
// when the name is not that of an archive. A long name that is no longer in use
// may be cut where a slot of it ends, for the rest may have gone to another
// entry; then the device's name is "" unless all of it is there.
func archiveDevice(name string, mayBeCut bool) (device string, ok bool) {
	m := archiveName.FindStringSubmatch(name)
	if m == nil && mayBeCut && len([]rune(name))%slotChars == 0 {
		m = archiveNameCut.FindStringSubmatch(name)
	}
	if m == nil {
		return "", false
	}
	return m[1], true
}

func isLog(e entryName) bool { return !e.dir && logPath.MatchString(e.path) }

func isEgress(e entryName) bool {
	return !e.dir && (egressName.MatchString(e.base()) || egressAlias.MatchString(e.path))
}

func isEgressFolder(e entryName) bool { return e.dir && egressFolder.MatchString(e.path) }

// inFolder reports whether the entry at a path is in the folder at another.
func inFolder(p, folder string) bool { return strings.HasPrefix(p, folder+"/") }

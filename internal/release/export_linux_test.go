package release

var (
	// RemoveVolume is for tests of what is checked last of all.
	RemoveVolume = removeVolume
	MountStat    = mountStat
)

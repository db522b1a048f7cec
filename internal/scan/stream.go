package scan

import "io"

// Content that is unpacked is looked into window by window, so that its size does
// not matter: confirmers see what lies around a candidate in it, and no more.
const (
	windowBack  = 8 << 10
	windowBytes = 256 << 10
)

// unpacker is what unpacking takes at one depth, used again and again.
type unpacker struct {
	inflater io.ReadCloser // of DEFLATE
	window   []byte
}

// stream looks into all that u inflates, as far as the bounds allow.
func (c *checker) stream(v *view, in *member, u *unpacker) {
	if u.window == nil {
		u.window = make([]byte, windowBack+windowBytes+lookahead)
	}
	start, have, looked := int64(0), 0, 0 // of the window: its place, what is in it, what of that was done
	for {
		n, err := io.ReadFull(u.inflater, u.window[have:][:c.room(len(u.window)-have)])
		have += n
		c.inflated += n
		bounded := err == nil && c.room(1) == 0
		if bounded {
			c.limits.add(limitInflated)
		}
		last := err != nil || bounded
		until := have - lookahead
		if last {
			until = have
		}
		content := &view{file: v.file, loaded: u.window[:have], at: start, size: start + int64(have), locate: in.locate, cut: !last}
		c.look(content, looked, until)
		if last {
			return
		}
		keep := until - windowBack
		have = copy(u.window, u.window[keep:have])
		start, looked = start+int64(keep), windowBack
	}
}

// Package progress counts bytes of long work and estimates how long the rest
// takes. It knows nothing of screens: any number of views may poll a [Counter],
// and an [Estimator] is a pure function of what it was shown.
package progress

import (
	"slices"
	"sync/atomic"
	"time"
)

// Counter counts the bytes of one piece of work. Its methods are safe for
// concurrent use, and do nothing on a nil Counter, so that work which nobody
// watches needs no special case.
type Counter struct {
	done, total atomic.Int64
}

// Start sets how many bytes there are to do, and that none is done.
func (c *Counter) Start(total int64) {
	if c != nil {
		c.total.Store(total)
		c.done.Store(0)
	}
}

// Add counts n more bytes as done.
func (c *Counter) Add(n int64) {
	if c != nil {
		c.done.Add(n)
	}
}

// Load returns the bytes done and the bytes there are to do.
func (c *Counter) Load() (done, total int64) {
	if c == nil {
		return 0, 0
	}
	return c.done.Load(), c.total.Load()
}

// window is how far back an [Estimator] looks: long enough to smooth a stick
// that writes in bursts, short enough to follow one that slows down.
const window = 15 * time.Second

// spacing is the least time between two samples that are kept.
const spacing = 500 * time.Millisecond

// Estimator tells speed and time left from samples of a counter. It is a value:
// copies are independent. The zero value is ready.
type Estimator struct {
	samples []sample
	total   int64
}

type sample struct {
	at   time.Time
	done int64
}

// Observe returns the estimator with one sample more; e is left as it was.
// Samples that go backwards start anew.
func (e Estimator) Observe(at time.Time, done, total int64) Estimator {
	samples := e.samples
	if n := len(samples); n > 0 {
		last := samples[n-1]
		if done < last.done || total != e.total || at.Before(last.at) {
			samples = nil
		}
	}
	// A sample more often than this tells nothing new: the last one is replaced.
	if n := len(samples); n > 1 && samples[n-1].at.Sub(samples[n-2].at) < spacing {
		samples = samples[:n-1]
	}
	samples = append(slices.Clip(samples), sample{at, done})
	// Keep one sample older than the window, so that the window is always full.
	for len(samples) > 2 && at.Sub(samples[1].at) >= window {
		samples = samples[1:]
	}
	return Estimator{samples: samples, total: total}
}

// Rate is the speed over the last seconds in bytes per second, 0 when unknown.
func (e Estimator) Rate() int64 {
	if len(e.samples) < 2 {
		return 0
	}
	first, last := e.samples[0], e.samples[len(e.samples)-1]
	elapsed := last.at.Sub(first.at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return int64(float64(last.done-first.done) / elapsed)
}

// Left is the time that the rest takes at the present speed; false when nothing
// can be said yet.
func (e Estimator) Left() (time.Duration, bool) {
	rate := e.Rate()
	if rate <= 0 {
		return 0, false
	}
	rest := e.total - e.samples[len(e.samples)-1].done
	return time.Duration(float64(rest) / float64(rate) * float64(time.Second)), true
}

package progress

import (
	"testing"
	"time"
)

func TestEstimatorConvergesAndFollows(t *testing.T) {
	const mb = 1_000_000
	var e Estimator
	at := time.Unix(0, 0)
	if _, ok := e.Left(); ok {
		t.Fatal("an estimate from nothing")
	}
	done := int64(0)
	step := func(rate int64, seconds int) {
		for range seconds {
			at = at.Add(time.Second)
			done += rate
			e = e.Observe(at, done, 10_000*mb)
		}
	}
	step(100*mb, 30)
	if got := e.Rate(); got != 100*mb {
		t.Fatalf("steady rate is %d, want %d", got, 100*mb)
	}
	if left, ok := e.Left(); !ok || left != 70*time.Second {
		t.Fatalf("left is %v %v, want 1m10s", left, ok)
	}
	// A stick whose fast cache is full: within the window, the estimate is the new truth.
	step(20*mb, 16)
	if got := e.Rate(); got != 20*mb {
		t.Fatalf("rate after slowing down is %d, want %d", got, 20*mb)
	}
	// It stalls: no estimate is better than a wrong one.
	step(0, 16)
	if left, ok := e.Left(); ok {
		t.Fatalf("stalled, yet %v left", left)
	}
}

func TestEstimatorStartsAnewWhenWorkGoesBack(t *testing.T) {
	var e Estimator
	at := time.Unix(0, 0)
	e = e.Observe(at, 500, 1000)
	e = e.Observe(at.Add(time.Second), 1000, 1000)
	e = e.Observe(at.Add(2*time.Second), 10, 1000)
	if got := e.Rate(); got != 0 {
		t.Fatalf("rate over two pieces of work is %d, want 0", got)
	}
}

func TestNilCounterDoesNothing(t *testing.T) {
	var c *Counter
	c.Start(10)
	c.Add(5)
	if done, total := c.Load(); done != 0 || total != 0 {
		t.Fatal("a nil counter counted")
	}
}

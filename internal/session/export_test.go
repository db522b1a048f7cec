package session

import "time"

// WaitForReturn sets how long a drive that was pulled out is waited for.
func WaitForReturn(d time.Duration) { returnWait = d }

package workflow

import (
	"time"

	"windlass.dev/guest/data"
	"windlass.dev/guest/internal/host"
)

// State is where an invocation is in its life.
type State uint8

// The states.
const (
	Scheduled State = iota
	Queued
	Running
	Waiting
	Succeeded
	Failed
	Cancelled
)

// String is its name.
func (s State) String() string {
	names := [...]string{"scheduled", "queued", "running", "waiting", "succeeded", "failed", "cancelled"}
	return names[min(int(s), len(names)-1)]
}

// Handle is an invocation that a workflow enqueued or found.
type Handle struct{ host host.Handle }

// Find is the handle of an invocation whose id the workflow was given. The error is a *Refused.
func Find(id string) (*Handle, error) {
	handle, refusal := host.Current().Find(id)
	if refusal != nil {
		return nil, &Refused{Code: refusal.Code, Message: refusal.Message}
	}
	return &Handle{handle}, nil
}

// ID is unique within the namespace.
func (h *Handle) ID() string { return h.host.ID() }

// Status is where it is in its life.
func (h *Handle) Status() State { return State(h.host.Status()) }

// Cancel asks for its end and for that of its descendants, and does not wait for it. A workflow ends
// what it enqueued itself, not what it found.
func (h *Handle) Cancel() { h.host.Cancel() }

// Result waits until it has ended, and reads its value into what target points to; nil reads
// nothing. The error is a *TaskFailed, or a *data.Mistake: the value is of another type.
func (h *Handle) Result(target any) error {
	value, failure := h.host.Result()
	if failure != nil {
		failed := &TaskFailed{ID: h.ID(), Kind: failure.Kind, Message: failure.Message}
		if failure.Payload != nil {
			failed.Payload = []byte(*failure.Payload)
		}
		return failed
	}
	if target == nil {
		return nil
	}
	return data.Decode([]byte(value), target)
}

// Result waits until an invocation has ended, and is its value; the errors are those of the method.
func Result[T any](handle *Handle) (T, error) {
	var value T
	err := handle.Result(&value)
	return value, err
}

// WaitAny waits until one of them has ended, and is its place; of several the one that ended first.
func WaitAny(handles []*Handle) int {
	return int(*host.Current().WaitAny(inside(handles), nil))
}

// WaitAnyFor is WaitAny with a time after which nothing is waited for any more, and false returned.
func WaitAnyFor(handles []*Handle, timeout time.Duration) (int, bool) {
	limit := milliseconds(timeout)
	place := host.Current().WaitAny(inside(handles), &limit)
	if place == nil {
		return 0, false
	}
	return int(*place), true
}

// WaitAll waits until all of them have ended.
func WaitAll(handles []*Handle) { host.Current().WaitAll(inside(handles), nil) }

// WaitAllFor waits until all of them have ended, or the time is up: whether they have.
func WaitAllFor(handles []*Handle, timeout time.Duration) bool {
	limit := milliseconds(timeout)
	return host.Current().WaitAll(inside(handles), &limit)
}

func inside(handles []*Handle) []host.Handle {
	all := make([]host.Handle, len(handles))
	for place, handle := range handles {
		all[place] = handle.host
	}
	return all
}

package workflow

import (
	"encoding/json"

	"windlass.dev/guest/data"
)

// TaskFailed is why an invocation did not succeed; errors.As finds it.
type TaskFailed struct {
	// ID is the invocation's.
	ID string
	// Kind is guest where the function returned an error, else trap, limit, timeout, host-lost,
	// cancelled and so on.
	Kind string
	// Message is for people.
	Message string
	// Payload is what the function returned as its error, as JSON; none if it did not return.
	Payload json.RawMessage
}

// Error is the words of the task itself where its error is text, so that an error that is handed up
// through workflows stays what it was; else the message with the kind.
func (f *TaskFailed) Error() string {
	var words string
	if f.Payload != nil && data.Decode(f.Payload, &words) == nil {
		return words
	}
	return f.Message + " (" + f.Kind + ")"
}

// Decode reads the payload into what target points to: the type of the task's error.
func (f *TaskFailed) Decode(target any) error {
	if f.Payload == nil {
		return &data.Mistake{What: "a failure of the kind " + f.Kind + " has no payload"}
	}
	return data.Decode(f.Payload, target)
}

// Refused is why something was not done; errors.As finds it.
type Refused struct {
	// Code is a word for programs, as in the problems of the HTTP interface: task-unknown.
	Code string
	// Message is for people, with the place and the way out.
	Message string
}

// Error is the message with the code.
func (r *Refused) Error() string { return r.Message + " (" + r.Code + ")" }

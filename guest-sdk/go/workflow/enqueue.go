package workflow

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"windlass.dev/guest/data"
	"windlass.dev/guest/internal/host"
)

// Args are the arguments of a call by position. A struct or a map gives them by name.
type Args []any

// Options says how a call is run. What is left out comes from its task, its queue, its host.
type Options struct {
	// Queue is the queue; the workflow's own if none is named. The component must be allowed to
	// enqueue on another, as by `windlass push --grant-queue NAME`.
	Queue string
	// ID is the id of the invocation; by default it is made of the workflow's own. If the same call
	// stands there already, the handle is that one's.
	ID string
	// Priority: lower goes first; 0 is the usual one.
	Priority int32
	// Timeout is how long one attempt may take.
	Timeout time.Duration
	// Delay is how long to wait before it may start.
	Delay time.Duration
	// Deadline is from enqueue to outcome; never later than this workflow's own deadline.
	Deadline time.Duration
	// Partition of the queue; this workflow's own where it is on the same queue.
	Partition string
	// Retries is how often a failed attempt is made again.
	Retries *Retries
	// Tags are for people and filters.
	Tags map[string]string
	// Detached says that it goes on when this workflow is cancelled.
	Detached bool
}

// Retries is how often a failed attempt is made again, and when. What is left out is as everywhere.
type Retries struct {
	// Max is how many attempts at most after the first.
	Max uint32
	// Backoff is the wait before the first retry.
	Backoff time.Duration
	// Factor is by how much each wait is longer than the one before.
	Factor float64
	// MaxBackoff is the longest wait.
	MaxBackoff time.Duration
	// Jitter is how much of a wait is left to chance, from 0 to 1.
	Jitter *float64
	// On are kinds of failures that are tried again, or guest:CASE; the usual ones where it is empty.
	On []string
}

// Call is one of many calls.
type Call struct {
	// Task is `images/resize`, `images@1.2.0/resize`, or without a component one of this component's
	// own: `resize`.
	Task string
	// Args are its arguments: Args by position, or a struct or a map by name.
	Args any
	// Options says how it is run.
	Options Options
}

// Enqueue enqueues a call and returns its handle, without waiting for it. The task is written as in
// Call. The error is a *Refused, or says that the arguments have no JSON.
func Enqueue(task string, args any, options ...Options) (*Handle, error) {
	call := Call{Task: task, Args: args}
	if len(options) > 0 {
		call.Options = options[0]
	}
	lowered, err := call.lower()
	if err != nil {
		return nil, err
	}
	handle, refusal := host.Current().Enqueue(lowered)
	if refusal != nil {
		return nil, &Refused{Code: refusal.Code, Message: refusal.Message}
	}
	return &Handle{handle}, nil
}

// EnqueueMany enqueues many calls as one step: all or none.
func EnqueueMany(calls []Call) ([]*Handle, error) {
	lowered := make([]host.Call, len(calls))
	for place, call := range calls {
		var err error
		if lowered[place], err = call.lower(); err != nil {
			return nil, fmt.Errorf("call %d: %w", place, err)
		}
	}
	made, refusal := host.Current().EnqueueMany(lowered)
	if refusal != nil {
		return nil, &Refused{Code: refusal.Code, Message: refusal.Message}
	}
	handles := make([]*Handle, len(made))
	for place, handle := range made {
		handles[place] = &Handle{handle}
	}
	return handles, nil
}

func (call Call) lower() (host.Call, error) {
	arguments, err := encodeArguments(call.Args)
	if err != nil {
		return host.Call{}, fmt.Errorf("the arguments of %s: %w", call.Task, err)
	}
	given := call.Options
	options := host.Options{
		ID:         optional(given.ID),
		Priority:   optional(given.Priority),
		TimeoutMS:  duration(given.Timeout),
		DelayMS:    duration(given.Delay),
		DeadlineMS: duration(given.Deadline),
		Partition:  optional(given.Partition),
		Detached:   given.Detached,
	}
	if of := given.Retries; of != nil {
		options.Retries = &host.Retries{
			Max:          of.Max,
			BackoffMS:    duration(of.Backoff),
			Factor:       optional(of.Factor),
			MaxBackoffMS: duration(of.MaxBackoff),
			Jitter:       of.Jitter,
			On:           of.On,
		}
	}
	// In the order of their names, so that a replay asks for the same.
	for _, name := range slices.Sorted(maps.Keys(given.Tags)) {
		options.Tags = append(options.Tags, [2]string{name, given.Tags[name]})
	}
	return host.Call{
		Queue:     optional(given.Queue),
		Task:      call.Task,
		Arguments: arguments,
		Options:   options,
	}, nil
}

func encodeArguments(arguments any) (string, error) {
	if arguments == nil {
		return "[]", nil
	}
	text, err := data.Encode(arguments)
	if err != nil {
		return "", err
	}
	if first := text[0]; first != '[' && first != '{' {
		return "", &data.Mistake{What: "give them as workflow.Args{…}, or as a struct by name"}
	}
	return string(text), nil
}

// optional is nil for what was left out.
func optional[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

func duration(value time.Duration) *uint64 {
	if value <= 0 {
		return nil
	}
	ms := milliseconds(value)
	return &ms
}

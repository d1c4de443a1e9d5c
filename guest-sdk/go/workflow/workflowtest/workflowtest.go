//go:build !wasip1

// Package workflowtest stands in for the host in tests of workflows, without wasm:
//
//	func TestAddUp(t *testing.T) {
//		world := workflowtest.Start(t, map[string]any{"summarize": Summarize})
//		totals, err := AddUp([]string{"dear Ada"})
//		...
//
// A task runs at once, in place, when it is enqueued. Sleeping moves the clock and does not wait. A
// message that nobody sent before does not come: with a time its time is up, without one the test
// ends. One test at a time has a world: such tests do not run in parallel.
package workflowtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"windlass.dev/guest/data"
	"windlass.dev/guest/internal/host"
)

// World is what a workflow sees.
type World struct {
	// Tasks are the functions that are called by their names.
	Tasks map[string]any
	// NowMS is the clock, in milliseconds since 1970.
	NowMS uint64

	published map[string]string
	messages  map[string][]string
	handles   map[string]*handle
	step      string
}

// Start begins a world, which ends with the test.
func Start(t testing.TB, tasks map[string]any) *World {
	world := &World{
		Tasks:     tasks,
		NowMS:     1_700_000_000_000,
		published: map[string]string{},
		messages:  map[string][]string{},
		handles:   map[string]*handle{},
	}
	host.Stood = world
	t.Cleanup(func() { host.Stood = nil })
	return world
}

// Send leaves a message for the workflow.
func (w *World) Send(name string, value any) {
	text, err := data.Encode(value)
	if err != nil {
		panic(err)
	}
	w.messages[name] = append(w.messages[name], string(text))
}

// Published is what was published under a name, as JSON; none if nothing was.
func (w *World) Published(name string) json.RawMessage {
	if value, has := w.published[name]; has {
		return json.RawMessage(value)
	}
	return nil
}

// ask ends the test where the host would end the workflow.
func (w *World) ask() {
	if w.step != "" {
		panic("inside the step " + w.step + " nothing else may be asked of the workflow's host")
	}
}

// handle is an invocation, which has ended already.
type handle struct {
	id      string
	value   string
	failure *host.Failure
}

func (h *handle) ID() string                      { return h.id }
func (h *handle) Result() (string, *host.Failure) { return h.value, h.failure }
func (h *handle) Cancel()                         {}

func (h *handle) Status() uint8 {
	const succeeded, failed = 4, 5
	if h.failure != nil {
		return failed
	}
	return succeeded
}

// Enqueue runs the task.
func (w *World) Enqueue(call host.Call) (host.Handle, *host.Refusal) {
	w.ask()
	task, has := w.Tasks[call.Task]
	if !has {
		message := fmt.Sprintf("the test gives no task %s: name it to workflowtest.Start", call.Task)
		return nil, &host.Refusal{Code: "task-unknown", Message: message}
	}
	made := &handle{id: fmt.Sprintf("call-%d", len(w.handles)+1)}
	if call.Options.ID != nil {
		made.id = *call.Options.ID
	}
	arguments, refusal := read(task, call)
	if refusal != nil {
		return nil, refusal
	}
	made.value, made.failure = run(task, arguments)
	w.handles[made.id] = made
	return made, nil
}

// EnqueueMany runs the tasks one after the other.
func (w *World) EnqueueMany(calls []host.Call) ([]host.Handle, *host.Refusal) {
	handles := make([]host.Handle, len(calls))
	for place, call := range calls {
		handle, refusal := w.Enqueue(call)
		if refusal != nil {
			return nil, refusal
		}
		handles[place] = handle
	}
	return handles, nil
}

// Find is what was enqueued under an id.
func (w *World) Find(id string) (host.Handle, *host.Refusal) {
	w.ask()
	if found, has := w.handles[id]; has {
		return found, nil
	}
	return nil, &host.Refusal{Code: "invocation-unknown", Message: "there is no invocation " + id}
}

// WaitAny is the first: all have ended.
func (w *World) WaitAny([]host.Handle, *uint64) *uint32 { return new(uint32) }

// WaitAll is true: all have ended.
func (w *World) WaitAll([]host.Handle, *uint64) bool { return true }

// Sleep moves the clock.
func (w *World) Sleep(ms uint64) {
	w.ask()
	w.NowMS += ms
}

// Now is the clock.
func (w *World) Now() uint64 {
	w.ask()
	return w.NowMS
}

// Random is the same bytes every time.
func (w *World) Random(length uint32) []byte {
	w.ask()
	return make([]byte, length)
}

// Publish keeps a value.
func (w *World) Publish(name, value string) {
	w.ask()
	w.published[name] = value
}

// Receive takes what was sent; otherwise its time is up.
func (w *World) Receive(name string, timeoutMS *uint64) *string {
	w.ask()
	if left := w.messages[name]; len(left) > 0 {
		w.messages[name] = left[1:]
		return &left[0]
	}
	if timeoutMS == nil {
		panic("the workflow waits for a message " + name + ", which the test did not Send")
	}
	w.NowMS += *timeoutMS
	return nil
}

// StepBegin says that nothing was done before.
func (w *World) StepBegin(name string) *string {
	w.ask()
	w.step = name
	return nil
}

// StepEnd ends a piece of work.
func (w *World) StepEnd(string) { w.step = "" }

// ContinueAsNew ends the workflow by a panic with these words, which a test can recover.
func (w *World) ContinueAsNew(arguments string) {
	panic("the workflow goes on as new with " + arguments)
}

// read gives the arguments of a call the types of its task.
func read(task any, call host.Call) ([]reflect.Value, *host.Refusal) {
	refused := func(err error) *host.Refusal {
		return &host.Refusal{Code: "arguments-invalid", Message: err.Error()}
	}
	var given []json.RawMessage
	if err := data.Decode([]byte(call.Arguments), &given); err != nil {
		return nil, refused(fmt.Errorf("in tests arguments are given by position: %w", err))
	}
	of := reflect.TypeOf(task)
	if len(given) != of.NumIn() {
		return nil, refused(fmt.Errorf("%s takes %d arguments, not %d", call.Task, of.NumIn(), len(given)))
	}
	arguments := make([]reflect.Value, len(given))
	for place, text := range given {
		argument := reflect.New(of.In(place))
		if err := data.Decode(text, argument.Interface()); err != nil {
			return nil, refused(fmt.Errorf("args[%d]: %w", place, err))
		}
		arguments[place] = argument.Elem()
	}
	return arguments, nil
}

// run calls a task, and writes what it returns as the host would.
func run(task any, arguments []reflect.Value) (string, *host.Failure) {
	results := reflect.ValueOf(task).Call(arguments)
	if last := len(results) - 1; last >= 0 && results[last].Type() == reflect.TypeFor[error]() {
		if err, failed := results[last].Interface().(error); failed {
			payload := payload(err)
			message := "the task returned the error " + payload
			return "", &host.Failure{Kind: "guest", Message: message, Payload: &payload}
		}
		results = results[:last]
	}
	var value any
	if len(results) == 1 {
		value = results[0].Interface()
	} else if len(results) > 1 {
		parts := make([]any, len(results))
		for place, result := range results {
			parts[place] = result.Interface()
		}
		value = parts
	}
	text, err := data.Encode(value)
	if err != nil {
		return "", &host.Failure{Kind: "trap", Message: err.Error()}
	}
	return string(text), nil
}

// payload is a typed error as JSON, any other as its text.
func payload(err error) string {
	of := reflect.TypeOf(err)
	var value any = err
	if of.Kind() == reflect.Pointer {
		value = err.Error()
	}
	text, failed := data.Encode(value)
	if failed != nil {
		text, _ = json.Marshal(err.Error())
	}
	return string(text)
}

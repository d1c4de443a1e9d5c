// Package workflow is what a workflow may ask of its host: to enqueue, to wait, to sleep, to be told.
//
//	func AddUp(letters []string) (workflows.Totals, error) {
//		var handles []*workflow.Handle
//		for _, letter := range letters {
//			handle, err := workflow.Enqueue("summarize", workflow.Args{letter})
//			if err != nil {
//				return workflows.Totals{}, err
//			}
//			handles = append(handles, handle)
//		}
//		workflow.WaitAll(handles)
//		...
//
// A workflow is replayed: after a crash, or when it has waited for long, it is executed again from
// its beginning, and what it asks here is answered from its journal as it was answered before. So
// whatever it does must follow from its arguments and from these answers. The packages time and
// math/rand, the order of a map and of a select are answered from the journal as well.
//
// Values are JSON as Windlass has it for WIT values; the package data beside this one writes it.
package workflow

import (
	"time"

	"windlass.dev/guest/data"
	"windlass.dev/guest/internal/host"
)

// How many random bytes the host gives at once.
const randomMax = 65_536

// Sleep waits. Days are fine: a workflow that waits takes no memory.
func Sleep(duration time.Duration) { host.Current().Sleep(milliseconds(duration)) }

// Now is the time.
func Now() time.Time { return time.UnixMilli(int64(host.Current().Now())).UTC() }

// Random is random bytes.
func Random(length int) []byte {
	bytes := make([]byte, 0, length)
	for len(bytes) < length {
		bytes = append(bytes, host.Current().Random(uint32(min(length-len(bytes), randomMax)))...)
	}
	return bytes
}

// Publish shows a value to the outside under a name. A later one of the same name replaces it. It
// panics if the value has no JSON.
func Publish(name string, value any) {
	host.Current().Publish(name, encoded(value, "the published value "+name))
}

// Receive waits for a message of this name, which somebody sends to this invocation, and takes it.
// The error is a *data.Mistake: the message is of another type.
func Receive[T any](name string) (T, error) {
	var value T
	message := host.Current().Receive(name, nil)
	return value, data.Decode([]byte(*message), &value)
}

// ReceiveFor is Receive with a time after which nothing is waited for any more, and false returned.
func ReceiveFor[T any](name string, timeout time.Duration) (value T, ok bool, err error) {
	limit := milliseconds(timeout)
	message := host.Current().Receive(name, &limit)
	if message == nil {
		return value, false, nil
	}
	return value, true, data.Decode([]byte(*message), &value)
}

// Step does a piece of the workflow's own work once: its result is recorded, and a replay takes it
// from there. Inside nothing else may be asked of the workflow's host: neither Now nor another step.
// It panics if what was recorded is of another type.
func Step[T any](name string, work func() T) T {
	recorded := host.Current().StepBegin(name)
	if recorded == nil {
		value := work()
		host.Current().StepEnd(encoded(value, "the result of the step "+name))
		return value
	}
	var value T
	if err := data.Decode([]byte(*recorded), &value); err != nil {
		panic("the recorded step " + name + " is of another type: " + err.Error())
	}
	return value
}

// ContinueAsNew goes on as new: the invocation keeps its id and begins anew with these arguments and
// an empty journal. It does not return.
func ContinueAsNew(arguments any) {
	text, err := encodeArguments(arguments)
	if err != nil {
		panic("the arguments of ContinueAsNew: " + err.Error())
	}
	host.Current().ContinueAsNew(text)
}

func encoded(value any, what string) string {
	text, err := data.Encode(value)
	if err != nil {
		panic(what + ": " + err.Error())
	}
	return string(text)
}

// milliseconds of less than one are one, so that a wait stays a wait.
func milliseconds(duration time.Duration) uint64 {
	if duration <= 0 {
		return 0
	}
	return uint64(max(duration.Milliseconds(), 1))
}

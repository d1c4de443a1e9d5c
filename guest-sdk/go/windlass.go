// Package windlass is what a task in Go may ask of its host: who it is, to log, to tell how far it
// is. Workflows find the rest in the package workflow beside it.
//
// A task is an exported function of the project's package, with the types that `windlass build`
// makes of the WIT:
//
//	func Summarize(letter string) (tasks.Summary, error) {
//		slog.Info("summarizing", "bytes", len(letter))
//		...
//	}
//
// Away from wasm, in `go test`, there is no host: what is logged goes to standard error, and the
// invocation is called no-host.
package windlass

import "strings"

// Invocation says who is running.
type Invocation struct {
	// ID is the handle, unique within its namespace.
	ID string
	// Namespace is whose invocation it is.
	Namespace string
	// Queue is the one that it was enqueued on.
	Queue string
	// Task is the task as the caller wrote it.
	Task string
	// Attempt is 1 for the first. A call whose host died in the middle is attempted again.
	Attempt uint32
}

// Level is how much a line of the log matters.
type Level uint8

// The levels.
const (
	LevelTrace Level = iota
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
)

// ThisInvocation is the invocation that this instance was made for.
func ThisInvocation() Invocation { return thisInvocation() }

// Progress tells whoever watches the invocation how far it is: done of total, with a short note.
// Only the newest report is kept. The host answers from memory, so this may be called often.
func Progress(done, total uint64, note string) {
	progress(done, total, strings.ToValidUTF8(note, "\uFFFD"))
}

// Log appends a line to the invocation's log. The packages log and log/slog, and what is printed,
// come there as well; this takes finished text, for a component that formats nothing.
func Log(level Level, message string) {
	log(level, strings.ToValidUTF8(message, "\uFFFD"))
}

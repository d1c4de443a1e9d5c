//go:build !wasip1

package windlass

import "os"

func thisInvocation() Invocation {
	return Invocation{
		ID:        "no-host",
		Namespace: "default",
		Queue:     "no-host",
		Task:      "no-host",
		Attempt:   1,
	}
}

func progress(uint64, uint64, string) {}

func log(level Level, message string) {
	names := [...]string{"trace", "debug", "info", "warn", "error"}
	os.Stderr.WriteString(names[min(int(level), len(names)-1)] + ": " + message + "\n")
}

package windlass

import host "windlass.dev/guest/internal/bindings/windlass_host_task"

func thisInvocation() Invocation {
	this := host.ThisInvocation()
	return Invocation{
		ID:        this.Id,
		Namespace: this.Namespace,
		Queue:     this.Queue,
		Task:      this.Task,
		Attempt:   this.Attempt,
	}
}

func progress(done, total uint64, note string) { host.Progress(done, total, note) }

func log(level Level, message string) { host.Log(uint8(level), message) }

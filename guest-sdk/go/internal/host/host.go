// Package host is what a workflow asks of its host: the contract in wasm, a stand-in in tests.
package host

// Retries, Call and the like are as the contract has them; nil is left out.
type Retries struct {
	Max          uint32
	BackoffMS    *uint64
	Factor       *float64
	MaxBackoffMS *uint64
	Jitter       *float64
	On           []string
}

// Options says how a call is run.
type Options struct {
	ID         *string
	Priority   *int32
	TimeoutMS  *uint64
	DelayMS    *uint64
	DeadlineMS *uint64
	Partition  *string
	Retries    *Retries
	Tags       [][2]string
	Detached   bool
}

// Call is a call to be enqueued.
type Call struct {
	Queue     *string
	Task      string
	Arguments string
	Options   Options
}

// Refusal is why something was not done.
type Refusal struct{ Code, Message string }

// Failure is why an invocation did not succeed.
type Failure struct {
	Kind, Message string
	Payload       *string
}

// Handle is an invocation.
type Handle interface {
	ID() string
	Result() (string, *Failure)
	Status() uint8
	Cancel()
}

// Host is the contract windlass:host/workflow.
type Host interface {
	Enqueue(call Call) (Handle, *Refusal)
	EnqueueMany(calls []Call) ([]Handle, *Refusal)
	Find(id string) (Handle, *Refusal)
	WaitAny(handles []Handle, timeoutMS *uint64) *uint32
	WaitAll(handles []Handle, timeoutMS *uint64) bool
	Sleep(ms uint64)
	Now() uint64
	Random(length uint32) []byte
	Publish(name, value string)
	Receive(name string, timeoutMS *uint64) *string
	StepBegin(name string) *string
	StepEnd(value string)
	ContinueAsNew(arguments string)
}

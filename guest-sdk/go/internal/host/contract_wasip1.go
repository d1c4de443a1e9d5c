package host

import (
	wit "windlass.dev/guest/bytecodealliance/wit/types"
	contract "windlass.dev/guest/internal/bindings/windlass_host_workflow"
)

// Current is whoever answers.
func Current() Host { return real{} }

type real struct{}

type handle struct{ *contract.Handle }

func (h handle) ID() string { return h.Handle.Id() }

func (h handle) Result() (string, *Failure) {
	result := h.Handle.GetResult()
	if result.IsOk() {
		return result.Ok(), nil
	}
	failure := result.Err()
	return "", &Failure{failure.Kind, failure.Message, pointer(failure.Payload)}
}

func (h handle) Status() uint8 { return h.Handle.Status() }

func (real) Enqueue(call Call) (Handle, *Refusal) {
	result := contract.Enqueue(lower(call))
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	return handle{result.Ok()}, nil
}

func (real) EnqueueMany(calls []Call) ([]Handle, *Refusal) {
	lowered := make([]contract.Call, len(calls))
	for place, call := range calls {
		lowered[place] = lower(call)
	}
	result := contract.EnqueueMany(lowered)
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	handles := make([]Handle, len(calls))
	for place, made := range result.Ok() {
		handles[place] = handle{made}
	}
	return handles, nil
}

func (real) Find(id string) (Handle, *Refusal) {
	result := contract.Find(id)
	if result.IsErr() {
		return nil, refused(result.Err())
	}
	return handle{result.Ok()}, nil
}

func (real) WaitAny(handles []Handle, timeoutMS *uint64) *uint32 {
	return pointer(contract.WaitAny(inside(handles), option(timeoutMS)))
}

func (real) WaitAll(handles []Handle, timeoutMS *uint64) bool {
	return contract.WaitAll(inside(handles), option(timeoutMS))
}

func (real) Sleep(ms uint64)             { contract.Sleep(ms) }
func (real) Now() uint64                 { return contract.Now() }
func (real) Random(length uint32) []byte { return contract.Random(length) }
func (real) Publish(name, value string)  { contract.Publish(name, value) }

func (real) Receive(name string, timeoutMS *uint64) *string {
	return pointer(contract.Receive(name, option(timeoutMS)))
}

func (real) StepBegin(name string) *string  { return pointer(contract.StepBegin(name)) }
func (real) StepEnd(value string)           { contract.StepEnd(value) }
func (real) ContinueAsNew(arguments string) { contract.ContinueAsNew(arguments) }

func lower(call Call) contract.Call {
	given := call.Options
	tags := make([]wit.Tuple2[string, string], len(given.Tags))
	for place, tag := range given.Tags {
		tags[place] = wit.Tuple2[string, string]{F0: tag[0], F1: tag[1]}
	}
	retries := wit.None[contract.Retries]()
	if of := given.Retries; of != nil {
		retries = wit.Some(contract.Retries{
			Max:          of.Max,
			BackoffMs:    option(of.BackoffMS),
			Factor:       option(of.Factor),
			MaxBackoffMs: option(of.MaxBackoffMS),
			Jitter:       option(of.Jitter),
			On:           of.On,
		})
	}
	return contract.Call{
		Queue:     option(call.Queue),
		Task:      call.Task,
		Arguments: call.Arguments,
		Options: contract.Options{
			Id:         option(given.ID),
			Priority:   option(given.Priority),
			TimeoutMs:  option(given.TimeoutMS),
			DelayMs:    option(given.DelayMS),
			DeadlineMs: option(given.DeadlineMS),
			Partition:  option(given.Partition),
			Retries:    retries,
			Tags:       tags,
			Detached:   given.Detached,
		},
	}
}

func inside(handles []Handle) []*contract.Handle {
	contracts := make([]*contract.Handle, len(handles))
	for place, of := range handles {
		contracts[place] = of.(handle).Handle
	}
	return contracts
}

func refused(refusal contract.Refusal) *Refusal {
	return &Refusal{refusal.Code, refusal.Message}
}

func option[T any](pointer *T) wit.Option[T] {
	if pointer == nil {
		return wit.None[T]()
	}
	return wit.Some(*pointer)
}

func pointer[T any](option wit.Option[T]) *T {
	if option.IsNone() {
		return nil
	}
	value := option.Some()
	return &value
}

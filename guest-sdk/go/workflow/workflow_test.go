package workflow_test

import (
	"errors"
	"testing"
	"time"

	"windlass.dev/guest/workflow"
	"windlass.dev/guest/workflow/workflowtest"
)

func half(number int) (int, error) {
	if number%2 == 1 {
		return 0, errors.New("it is odd")
	}
	return number / 2, nil
}

func TestAResultIsReadAsItsType(t *testing.T) {
	workflowtest.Start(t, map[string]any{"half": half})

	handle, _ := workflow.Enqueue("half", workflow.Args{8})
	value, err := workflow.Result[int](handle)

	if err != nil || value != 4 || handle.Status() != workflow.Succeeded {
		t.Errorf("got %d, %v, %v", value, err, handle.Status())
	}
}

func TestAFailureIsFoundByItsType(t *testing.T) {
	workflowtest.Start(t, map[string]any{"half": half})

	handle, _ := workflow.Enqueue("half", workflow.Args{7})
	err := handle.Result(nil)

	var failed *workflow.TaskFailed
	if !errors.As(err, &failed) || failed.Kind != "guest" || err.Error() != "it is odd" {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownTaskIsRefusedByItsCode(t *testing.T) {
	workflowtest.Start(t, nil)

	_, err := workflow.Enqueue("third", workflow.Args{9})

	var refused *workflow.Refused
	if !errors.As(err, &refused) || refused.Code != "task-unknown" {
		t.Errorf("got %v", err)
	}
}

func TestArgumentsThatAreNoListAreRefused(t *testing.T) {
	workflowtest.Start(t, map[string]any{"half": half})

	_, err := workflow.Enqueue("half", 8)

	if err == nil {
		t.Error("8 was taken for a list of arguments")
	}
}

func TestSleepingMovesTheClock(t *testing.T) {
	workflowtest.Start(t, nil)
	before := workflow.Now()

	workflow.Sleep(48 * time.Hour)

	if slept := workflow.Now().Sub(before); slept != 48*time.Hour {
		t.Errorf("slept %v", slept)
	}
}

func TestAMessageIsTakenOnceAndThenTheTimeIsUp(t *testing.T) {
	world := workflowtest.Start(t, nil)
	world.Send("approved", true)

	first, err := workflow.Receive[bool]("approved")
	_, came, _ := workflow.ReceiveFor[bool]("approved", time.Second)

	if err != nil || !first || came {
		t.Errorf("got %v, %v, %v", first, err, came)
	}
}

func TestNothingIsAskedOfTheHostInsideAStep(t *testing.T) {
	workflowtest.Start(t, nil)
	defer func() {
		if recover() == nil {
			t.Error("the step was let")
		}
	}()

	workflow.Step("stamp", func() time.Time { return workflow.Now() })
}

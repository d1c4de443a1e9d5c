package typed

import (
	"errors"
	"testing"

	hello "windlass.dev/gen/demo/hello/tasks"
)

func TestNumbersAreAddedOneByOne(t *testing.T) {
	hello.Fake.Add = func(a, b int64) (int64, error) { return a + b, nil }

	sum, err := Sum(4)

	if err != nil || sum != 10 {
		t.Errorf("got %d, %v", sum, err)
	}
}

func TestAnErrorOfTheTaskIsHandedUp(t *testing.T) {
	hello.Fake.Fail = func(message string) (string, error) { return "", errors.New(message) }

	_, err := Fails("no")

	if err == nil || err.Error() != "no" {
		t.Errorf("got %v", err)
	}
}

package {{snake}}

import (
	"testing"

	"windlass.dev/gen/tasks"
)

func TestTheFirstOfTheLongestWordsIsFound(t *testing.T) {
	summary, err := Summarize("dear Ada and Bert")

	if want := (tasks.Summary{Words: 4, Longest: "dear"}); err != nil || summary != want {
		t.Errorf("got %v, %v; want %v", summary, err, want)
	}
}

func TestALetterWithoutWordsIsAnError(t *testing.T) {
	_, err := Summarize(" ")

	if err == nil || err.Error() != "the letter is empty" {
		t.Errorf("got %v", err)
	}
}

package {{snake}}

import (
	"testing"

	"windlass.dev/gen/workflows"
	"windlass.dev/guest/workflow/workflowtest"
)

func TestLettersAreAddedUp(t *testing.T) {
	world := workflowtest.Start(t, map[string]any{"summarize": Summarize})
	stamp := world.NowMS + 10

	totals, err := AddUp([]string{"dear Ada", "dear Charles and Bert"})

	want := workflows.Totals{Letters: 2, Words: 6, Longest: "Charles", Stamped: stamp}
	if err != nil || totals != want {
		t.Errorf("got %v, %v; want %v", totals, err, want)
	}
	if published := string(world.Published("letters")); published != "2" {
		t.Errorf("published %s", published)
	}
}

func TestALetterThatFailsIsNamed(t *testing.T) {
	workflowtest.Start(t, map[string]any{"summarize": Summarize})

	_, err := AddUp([]string{"dear Ada", ""})

	if err == nil || err.Error() != "letter 1: the letter is empty" {
		t.Errorf("got %v", err)
	}
}

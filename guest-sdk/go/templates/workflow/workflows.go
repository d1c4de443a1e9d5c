package {{snake}}

import (
	"fmt"
	"time"
	"unicode/utf8"

	"windlass.dev/gen/tasks"
	"windlass.dev/gen/workflows"
	"windlass.dev/guest/workflow"
)

// AddUp summarizes many letters at once, rests for a moment, and adds up. It survives the crash of
// its host at any line: what was done is not done again.
func AddUp(letters []string) (workflows.Totals, error) {
	var totals workflows.Totals
	handles := make([]*workflow.Handle, len(letters))
	for n, letter := range letters {
		handle, err := workflow.Enqueue("summarize", workflow.Args{letter})
		if err != nil {
			return totals, fmt.Errorf("letter %d: %w", n, err)
		}
		handles[n] = handle
	}
	workflow.WaitAll(handles)
	workflow.Sleep(10 * time.Millisecond)
	now := workflow.Now()
	totals.Stamped = workflow.Step("stamp", func() uint64 { return uint64(now.UnixMilli()) })
	workflow.Publish("letters", len(letters))

	totals.Letters = uint32(len(letters))
	for n, handle := range handles {
		summary, err := workflow.Result[tasks.Summary](handle)
		if err != nil {
			return totals, fmt.Errorf("letter %d: %w", n, err)
		}
		totals.Words += summary.Words
		if utf8.RuneCountInString(summary.Longest) > utf8.RuneCountInString(totals.Longest) {
			totals.Longest = summary.Longest
		}
	}
	return totals, nil
}

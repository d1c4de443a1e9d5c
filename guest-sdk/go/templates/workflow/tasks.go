// Package {{snake}} holds the functions that wit/world.wit declares.
package {{snake}}

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"windlass.dev/gen/tasks"
)

// Summarize counts the words of a letter, and finds the first of the longest.
func Summarize(letter string) (tasks.Summary, error) {
	slog.Info(fmt.Sprintf("summarizing %d bytes", len(letter)))
	words := strings.Fields(letter)
	if len(words) == 0 {
		return tasks.Summary{}, errors.New("the letter is empty")
	}
	longest := words[0]
	for _, word := range words {
		if utf8.RuneCountInString(word) > utf8.RuneCountInString(longest) {
			longest = word
		}
	}
	return tasks.Summary{Words: uint32(len(words)), Longest: longest}, nil
}

// Package words is the task in Go.
package words

import (
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"strings"

	"windlass.dev/gen/tasks"
)

// Frequent finds the words that occur most often in a text, at most so many.
func Frequent(text string, most uint32) ([]tasks.Word, error) {
	slog.Info(fmt.Sprintf("%d bytes of text", len(text)))
	var words []tasks.Word
	places := map[string]int{}
	for _, word := range strings.FieldsFunc(text, separates) {
		word = strings.Map(lower, word)
		place, known := places[word]
		if !known {
			place = len(words)
			places[word] = place
			words = append(words, tasks.Word{Text: word})
		}
		words[place].Times++
	}
	if len(words) == 0 {
		return nil, errors.New("the text has no words")
	}
	sort.SliceStable(words, func(i, j int) bool { return words[i].Times > words[j].Times })
	return words[:min(len(words), int(most))], nil
}

func separates(letter rune) bool {
	return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r'
}

func lower(letter rune) rune {
	if 'A' <= letter && letter <= 'Z' {
		return letter + 'a' - 'A'
	}
	return letter
}

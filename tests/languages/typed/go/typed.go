// Package typed holds workflows that call demo:hello by its type, one call after the other.
package typed

import hello "windlass.dev/gen/demo/hello/tasks"

// Sum adds up 1 to n, a call for each number, each waiting for the last.
func Sum(n int64) (int64, error) {
	var sum int64
	for number := range n {
		var err error
		if sum, err = hello.Add(sum, number+1); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// Greet greets everybody, one after the other.
func Greet(names []string) []string {
	greetings := make([]string, len(names))
	for place, name := range names {
		greetings[place] = hello.Greet(name)
	}
	return greetings
}

// Fails is what the task says to this: the error of its type.
func Fails(message string) (string, error) { return hello.Fail(message) }

//go:build wasip1

// Package component is what generated code calls between the bindings and the author's functions:
// conversions, and checks of what the canonical ABI would trap at without a word. Authors do not
// need it.
package component

import (
	"errors"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"unicode/utf8"

	windlass "windlass.dev/guest"
	wit "windlass.dev/guest/bytecodealliance/wit/types"
)

// The longest quotation of text that is not UTF-8, in bytes.
const quotedMax = 60

// Catch is deferred by every exported function. A panic ends the instance: its stack goes to
// standard output, its message to standard error, from where the host takes it for the outcome.
func Catch(function string) {
	reason := recover()
	if reason == nil {
		return
	}
	os.Stdout.Write(debug.Stack())
	os.Stderr.WriteString(function + " panicked: " + describe(reason) + "\n")
	os.Exit(2)
}

func describe(reason any) string {
	switch reason := reason.(type) {
	case error:
		return reason.Error()
	case interface{ String() string }:
		return reason.String()
	case string:
		return reason
	case int:
		return strconv.Itoa(reason)
	case bool:
		return strconv.FormatBool(reason)
	case float64:
		return strconv.FormatFloat(reason, 'g', -1, 64)
	default:
		return "a value that is no text"
	}
}

// Text is text that is UTF-8.
func Text(text, place string) string {
	if !utf8.ValidString(text) {
		quoted := strconv.Quote(text[:min(len(text), quotedMax)])
		panic(place + " is not UTF-8: " + quoted + "; strings.ToValidUTF8 mends it, a list<u8> holds any bytes")
	}
	return text
}

// Char is a character of Unicode.
func Char(char rune, place string) rune {
	if !utf8.ValidRune(char) {
		panic(place + " is no character: " + strconv.Itoa(int(char)))
	}
	return char
}

// Case panics if an enum's case does not exist.
func Case(place, count int, name string) {
	if place >= count {
		panic(name + " has no case " + strconv.Itoa(place))
	}
}

// Flags panics if a flag is set that does not exist.
func Flags(bits uint64, count int, name string) {
	if bits>>count != 0 {
		panic(name + " has only " + strconv.Itoa(count) + " flags, and others are set: " + strconv.FormatUint(bits, 2))
	}
}

// NoCase says that a variant is none of its cases: it is nil, as a rule, or a pointer.
func NoCase(name string, value any) string {
	if value == nil {
		return name + " is nil: give it one of its cases"
	}
	return name + " is none of its cases: give it one by value, not by pointer"
}

// ErrorAs is the typed error of a function.
func ErrorAs[E error](function string, err error) E {
	var typed E
	if !errors.As(err, &typed) {
		panic(foreign(function, err))
	}
	return typed
}

// Payload is the error of a function whose type is no Go error.
func Payload[E any](function string, err error) E {
	var failure *windlass.Failure[E]
	if !errors.As(err, &failure) {
		panic(foreign(function, err) + "; windlass.Fail makes one")
	}
	return failure.Payload
}

func foreign(function string, err error) string {
	return function + " returned an error that is not of its WIT's type: " + err.Error()
}

// Said writes down an error for which the WIT has no room.
func Said(function string, err error) wit.Unit {
	os.Stderr.WriteString(function + ": " + strings.ToValidUTF8(err.Error(), "\uFFFD") + "\n")
	return wit.Unit{}
}

// List converts every part.
func List[A, B any](list []A, part func(A) B) []B {
	converted := make([]B, len(list))
	for place, value := range list {
		converted[place] = part(value)
	}
	return converted
}

// OptionIn makes a pointer of an option.
func OptionIn[A, B any](option wit.Option[A], part func(A) B) *B {
	if option.IsNone() {
		return nil
	}
	value := part(option.Some())
	return &value
}

// OptionOut makes an option of a pointer.
func OptionOut[A, B any](pointer *A, part func(A) B) wit.Option[B] {
	if pointer == nil {
		return wit.None[B]()
	}
	return wit.Some(part(*pointer))
}

// ResultIn makes the author's result.
func ResultIn[A, B, C, D any](
	result wit.Result[A, B], ok func(A) C, err func(B) D,
) windlass.Result[C, D] {
	if result.IsErr() {
		return windlass.Err[C](err(result.Err()))
	}
	return windlass.Ok[C, D](ok(result.Ok()))
}

// ResultOut makes a result of the author's.
func ResultOut[A, B, C, D any](
	result windlass.Result[A, B], ok func(A) C, err func(B) D,
) wit.Result[C, D] {
	switch {
	case result.Err != nil:
		return wit.Err[C](err(*result.Err))
	case result.Ok != nil:
		return wit.Ok[C, D](ok(*result.Ok))
	default:
		panic("a result has neither a value nor an error: make it by windlass.Ok or windlass.Err")
	}
}

// Package data writes Go values as the JSON that Windlass has for WIT values, and reads them again.
//
// It differs from encoding/json where WIT does: a pointer is an option, one to a pointer an option
// of an option; an enum is its name, flags are a list of names, a variant is a name with its payload;
// tuples are arrays, bytes base64, and floats may be NaN or infinite. Structs follow their `json`
// tags, as there. A workflow's arguments and results come here by themselves.
package data

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// Mistake is a value that has no JSON, or JSON that is not of the type that was expected.
type Mistake struct {
	// Place is where: lines[3].count; empty for the whole.
	Place string
	// What is what is wrong there.
	What string
}

// Error names the place and what is wrong.
func (m *Mistake) Error() string {
	if m.Place == "" {
		return m.What
	}
	return strings.TrimPrefix(m.Place, ".") + ": " + m.What
}

func mistake(place, what string) error { return &Mistake{Place: place, What: what} }

// variants has the cases of each variant.
var variants = map[reflect.Type][]reflect.Type{}

// Variant makes known which cases a variant has. Generated code calls it.
func Variant[V any](cases ...V) {
	types := make([]reflect.Type, len(cases))
	for place, value := range cases {
		types[place] = reflect.TypeOf(value)
	}
	variants[reflect.TypeFor[V]()] = types
}

// A case of a variant.
type caser interface{ Case() string }

// A set of flags.
type flagger interface{ Flags() []string }

var (
	rawType    = reflect.TypeFor[json.RawMessage]()
	numberType = reflect.TypeFor[json.Number]()
	caserType  = reflect.TypeFor[caser]()
	flagsType  = reflect.TypeFor[flagger]()
	writesText = reflect.TypeFor[encoding.TextMarshaler]()
	readsText  = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// field is a field of a struct as JSON has it.
type field struct {
	index int
	name  string
	char  bool
}

func fields(of reflect.Type) []field {
	var all []field
	for index := range of.NumField() {
		member := of.Field(index)
		name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
		if !member.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = member.Name
		}
		all = append(all, field{index, name, member.Tag.Get("wit") == "char"})
	}
	return all
}

const sdk = "windlass.dev/guest"

func isTuple(of reflect.Type) bool {
	return of.PkgPath() == sdk && strings.HasPrefix(of.Name(), "Tuple")
}

func isResult(of reflect.Type) bool {
	return of.PkgPath() == sdk && strings.HasPrefix(of.Name(), "Result[")
}

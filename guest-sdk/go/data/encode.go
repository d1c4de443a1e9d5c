package data

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Encode writes a value.
func Encode(value any) ([]byte, error) {
	var writer writer
	if err := writer.write(reflect.ValueOf(value), "", false); err != nil {
		return nil, err
	}
	return writer.text.Bytes(), nil
}

type writer struct{ text bytes.Buffer }

func (w *writer) write(value reflect.Value, place string, char bool) error {
	if !value.IsValid() {
		w.text.WriteString("null")
		return nil
	}
	of := value.Type()
	if done, err := w.special(value, of, place); done {
		return err
	}
	switch value.Kind() {
	case reflect.Bool:
		w.text.WriteString(strconv.FormatBool(value.Bool()))
	case reflect.Int32:
		if char {
			return w.string(string(rune(value.Int())), place)
		}
		w.text.WriteString(strconv.FormatInt(value.Int(), 10))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int64:
		w.text.WriteString(strconv.FormatInt(value.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.text.WriteString(strconv.FormatUint(value.Uint(), 10))
	case reflect.Float32:
		w.float(value.Float(), 32)
	case reflect.Float64:
		w.float(value.Float(), 64)
	case reflect.String:
		return w.string(value.String(), place)
	case reflect.Pointer:
		return w.option(value, place, char)
	case reflect.Interface:
		return w.write(value.Elem(), place, char)
	case reflect.Slice, reflect.Array:
		return w.list(value, place, char)
	case reflect.Map:
		return w.object(value, place)
	case reflect.Struct:
		return w.record(value, place)
	default:
		return mistake(place, "a "+of.String()+" has no JSON")
	}
	return nil
}

// special writes what is known by more than its kind.
func (w *writer) special(value reflect.Value, of reflect.Type, place string) (bool, error) {
	switch {
	case of == rawType:
		if !json.Valid(value.Bytes()) {
			return true, mistake(place, "the raw message is not JSON")
		}
		w.text.Write(value.Bytes())
		return true, nil
	case of == numberType:
		w.text.WriteString(value.String())
		return true, nil
	case of.Kind() == reflect.Interface || of.Kind() == reflect.Pointer:
		return false, nil
	case of.Implements(caserType):
		return true, w.variant(value, place)
	case of.Implements(flagsType):
		var set []string
		for place, name := range value.Interface().(flagger).Flags() {
			if value.Uint()>>place&1 == 1 {
				set = append(set, name)
			}
		}
		return true, w.list(reflect.ValueOf(set), place, false)
	case of.Implements(writesText):
		text, err := value.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return true, mistake(place, err.Error())
		}
		return true, w.string(string(text), place)
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Uint8:
		return true, w.string(base64.StdEncoding.EncodeToString(value.Bytes()), place)
	}
	return false, nil
}

func (w *writer) float(value float64, bits int) {
	switch {
	case math.IsNaN(value):
		w.text.WriteString(`"NaN"`)
	case math.IsInf(value, 1):
		w.text.WriteString(`"Infinity"`)
	case math.IsInf(value, -1):
		w.text.WriteString(`"-Infinity"`)
	default:
		w.text.WriteString(strconv.FormatFloat(value, 'g', -1, bits))
	}
}

func (w *writer) string(value, place string) error {
	if !utf8.ValidString(value) {
		return mistake(place, "the text is not UTF-8: "+strconv.Quote(value[:min(len(value), 60)]))
	}
	text, err := json.Marshal(value)
	w.text.Write(text)
	return err
}

func (w *writer) option(value reflect.Value, place string, char bool) error {
	if value.IsNil() {
		w.text.WriteString("null")
		return nil
	}
	inner := value.Elem()
	if inner.Kind() != reflect.Pointer {
		return w.write(inner, place, char)
	}
	w.text.WriteString(`{"some":`)
	err := w.write(inner, place, char)
	w.text.WriteByte('}')
	return err
}

func (w *writer) list(value reflect.Value, place string, char bool) error {
	w.text.WriteByte('[')
	for index := range value.Len() {
		if index > 0 {
			w.text.WriteByte(',')
		}
		inside := place + "[" + strconv.Itoa(index) + "]"
		if err := w.write(value.Index(index), inside, char); err != nil {
			return err
		}
	}
	w.text.WriteByte(']')
	return nil
}

// object writes a map in the order of its keys, so that a workflow does the same again.
func (w *writer) object(value reflect.Value, place string) error {
	if value.Type().Key().Kind() != reflect.String {
		return mistake(place, "a map has JSON only if its keys are text")
	}
	keys := value.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return bytes.Compare([]byte(a.String()), []byte(b.String())) })
	return w.members(len(keys), func(index int) (string, reflect.Value, bool) {
		return keys[index].String(), value.MapIndex(keys[index]), false
	}, place)
}

func (w *writer) record(value reflect.Value, place string) error {
	of := value.Type()
	switch {
	case isTuple(of):
		parts := make([]any, value.NumField())
		for index := range parts {
			parts[index] = value.Field(index).Interface()
		}
		return w.list(reflect.ValueOf(parts), place, false)
	case isResult(of):
		return w.result(value, place)
	}
	all := fields(of)
	return w.members(len(all), func(index int) (string, reflect.Value, bool) {
		return all[index].name, value.Field(all[index].index), all[index].char
	}, place)
}

func (w *writer) result(value reflect.Value, place string) error {
	name, part := "ok", value.Field(0)
	if !value.Field(1).IsNil() {
		name, part = "err", value.Field(1)
	}
	if part.IsNil() {
		return mistake(place, "the result has neither a value nor an error")
	}
	part = part.Elem()
	if part.Kind() == reflect.Struct && part.Type().Name() == "" && part.NumField() == 0 {
		part = reflect.Value{}
	}
	return w.members(1, func(int) (string, reflect.Value, bool) { return name, part, false }, place)
}

func (w *writer) variant(value reflect.Value, place string) error {
	name := value.Interface().(caser).Case()
	if value.NumField() == 0 {
		return w.string(name, place)
	}
	return w.members(1, func(int) (string, reflect.Value, bool) {
		return name, value.Field(0), false
	}, place)
}

func (w *writer) members(
	count int, member func(int) (string, reflect.Value, bool), place string,
) error {
	w.text.WriteByte('{')
	for index := range count {
		if index > 0 {
			w.text.WriteByte(',')
		}
		name, value, char := member(index)
		if err := w.string(name, place); err != nil {
			return err
		}
		w.text.WriteByte(':')
		if err := w.write(value, place+"."+name, char); err != nil {
			return err
		}
	}
	w.text.WriteByte('}')
	return nil
}

package data

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Decode reads JSON into what target points to.
func Decode(text []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return mistake("", "it is not JSON: "+err.Error())
	}
	return read(tree, reflect.ValueOf(target).Elem(), "")
}

func read(tree any, target reflect.Value, place string) error {
	of := target.Type()
	if done, err := readSpecial(tree, target, of, place); done {
		return err
	}
	switch target.Kind() {
	case reflect.Bool:
		value, ok := tree.(bool)
		if !ok {
			return unexpected(tree, "true or false", place)
		}
		target.SetBool(value)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return readInt(tree, target, place)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		value, err := strconv.ParseUint(number(tree), 10, of.Bits())
		if err != nil {
			return unexpected(tree, of.String(), place)
		}
		target.SetUint(value)
	case reflect.Float32, reflect.Float64:
		return readFloat(tree, target, place)
	case reflect.String:
		value, ok := tree.(string)
		if !ok {
			return unexpected(tree, "text", place)
		}
		target.SetString(value)
	case reflect.Slice, reflect.Array:
		return readList(tree, target, place)
	case reflect.Map:
		return readMap(tree, target, place)
	case reflect.Struct:
		return readRecord(tree, target, place)
	default:
		return mistake(place, "a "+of.String()+" cannot be read from JSON")
	}
	return nil
}

// readSpecial reads what is known by more than its kind.
func readSpecial(tree any, target reflect.Value, of reflect.Type, place string) (bool, error) {
	switch {
	case of == rawType:
		text, err := json.Marshal(tree)
		target.SetBytes(text)
		return true, err
	case of.Kind() == reflect.Pointer:
		return true, readOption(tree, target, place)
	case of.Kind() == reflect.Interface && of.NumMethod() == 0:
		if tree != nil {
			target.Set(reflect.ValueOf(tree))
		}
		return true, nil
	case of.Kind() == reflect.Interface:
		return true, readVariant(tree, target, place)
	case of.Implements(flagsType):
		return true, readFlags(tree, target, place)
	case reflect.PointerTo(of).Implements(readsText):
		text, ok := tree.(string)
		if !ok {
			return true, unexpected(tree, "text", place)
		}
		err := target.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		if err != nil {
			err = mistake(place, err.Error())
		}
		return true, err
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Uint8:
		if text, ok := tree.(string); ok {
			value, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return true, mistake(place, err.Error())
			}
			target.SetBytes(value)
			return true, nil
		}
	}
	return false, nil
}

// number is the digits of a number, or of text that holds one.
func number(tree any) string {
	switch value := tree.(type) {
	case json.Number:
		return value.String()
	case string:
		return value
	}
	return ""
}

func readInt(tree any, target reflect.Value, place string) error {
	value, err := strconv.ParseInt(number(tree), 10, target.Type().Bits())
	if err == nil {
		target.SetInt(value)
		return nil
	}
	// A char is an int32 to Go, and text of one character in JSON.
	if text, ok := tree.(string); ok && target.Kind() == reflect.Int32 && utf8.RuneCountInString(text) == 1 {
		char, _ := utf8.DecodeRuneInString(text)
		target.SetInt(int64(char))
		return nil
	}
	return unexpected(tree, target.Type().String(), place)
}

func readFloat(tree any, target reflect.Value, place string) error {
	switch tree {
	case "NaN":
		target.SetFloat(math.NaN())
	case "Infinity":
		target.SetFloat(math.Inf(1))
	case "-Infinity":
		target.SetFloat(math.Inf(-1))
	default:
		value, ok := tree.(json.Number)
		float, err := strconv.ParseFloat(value.String(), target.Type().Bits())
		if !ok || err != nil {
			return unexpected(tree, target.Type().String(), place)
		}
		target.SetFloat(float)
	}
	return nil
}

func readOption(tree any, target reflect.Value, place string) error {
	if tree == nil {
		target.SetZero()
		return nil
	}
	inner := reflect.New(target.Type().Elem())
	if inner.Elem().Kind() == reflect.Pointer {
		object, ok := tree.(map[string]any)
		some, has := object["some"]
		if !ok || !has {
			return unexpected(tree, `null or {"some": …}`, place)
		}
		tree = some
	}
	if err := read(tree, inner.Elem(), place); err != nil {
		return err
	}
	target.Set(inner)
	return nil
}

func readList(tree any, target reflect.Value, place string) error {
	list, ok := tree.([]any)
	if !ok {
		return unexpected(tree, "a list", place)
	}
	if target.Kind() == reflect.Slice {
		target.Set(reflect.MakeSlice(target.Type(), len(list), len(list)))
	} else if len(list) != target.Len() {
		return mistake(place, fmt.Sprintf("expected %d parts, got %d", target.Len(), len(list)))
	}
	for index, part := range list {
		if err := read(part, target.Index(index), place+"["+strconv.Itoa(index)+"]"); err != nil {
			return err
		}
	}
	return nil
}

func readMap(tree any, target reflect.Value, place string) error {
	object, ok := tree.(map[string]any)
	if !ok || target.Type().Key().Kind() != reflect.String {
		return unexpected(tree, target.Type().String(), place)
	}
	target.Set(reflect.MakeMapWithSize(target.Type(), len(object)))
	for name, part := range object {
		value := reflect.New(target.Type().Elem()).Elem()
		if err := read(part, value, place+"."+name); err != nil {
			return err
		}
		target.SetMapIndex(reflect.ValueOf(name).Convert(target.Type().Key()), value)
	}
	return nil
}

func readRecord(tree any, target reflect.Value, place string) error {
	of := target.Type()
	if isTuple(of) {
		parts, ok := tree.([]any)
		if !ok || len(parts) != of.NumField() {
			return unexpected(tree, fmt.Sprintf("a tuple of %d", of.NumField()), place)
		}
		for index, part := range parts {
			if err := read(part, target.Field(index), place+"["+strconv.Itoa(index)+"]"); err != nil {
				return err
			}
		}
		return nil
	}
	if of.NumField() == 0 && tree == nil {
		return nil
	}
	object, ok := tree.(map[string]any)
	if !ok {
		return unexpected(tree, "an object", place)
	}
	if isResult(of) {
		return readResult(object, target, place)
	}
	for _, field := range fields(of) {
		part, has := object[field.name]
		member := target.Field(field.index)
		if !has && member.Kind() != reflect.Pointer {
			return mistake(place, "the field "+field.name+" is missing")
		}
		if err := read(part, member, place+"."+field.name); err != nil {
			return err
		}
	}
	return nil
}

func readResult(object map[string]any, target reflect.Value, place string) error {
	for index, name := range []string{"ok", "err"} {
		if part, has := object[name]; has {
			value := reflect.New(target.Field(index).Type().Elem())
			if err := read(part, value.Elem(), place+"."+name); err != nil {
				return err
			}
			target.Field(index).Set(value)
			return nil
		}
	}
	return mistake(place, `expected {"ok": …} or {"err": …}`)
}

func readVariant(tree any, target reflect.Value, place string) error {
	name, isText := tree.(string)
	var payload any
	if object, ok := tree.(map[string]any); ok && len(object) == 1 {
		for only, part := range object {
			name, payload = only, part
		}
	}
	var known []string
	for _, of := range variants[target.Type()] {
		value := reflect.New(of).Elem()
		known = append(known, value.Interface().(caser).Case())
		if known[len(known)-1] != name {
			continue
		}
		if isText != (value.NumField() == 0) {
			return mistake(place, "the case "+name+" has a payload, or none, other than here")
		}
		if !isText {
			if err := read(payload, value.Field(0), place+"."+name); err != nil {
				return err
			}
		}
		target.Set(value)
		return nil
	}
	return unexpected(tree, fmt.Sprintf("one of %v", known), place)
}

func readFlags(tree any, target reflect.Value, place string) error {
	list, ok := tree.([]any)
	if !ok {
		return unexpected(tree, "a list of flags", place)
	}
	names := target.Interface().(flagger).Flags()
	var bits uint64
	for _, part := range list {
		name, _ := part.(string)
		bit := slices.Index(names, name)
		if bit < 0 {
			return unexpected(part, fmt.Sprintf("one of %v", names), place)
		}
		bits |= 1 << bit
	}
	target.SetUint(bits)
	return nil
}

func unexpected(tree any, wanted, place string) error {
	text, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return mistake(place, "expected "+wanted+", got "+string(text[:min(len(text), 80)]))
}

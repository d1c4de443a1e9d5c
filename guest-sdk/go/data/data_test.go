package data_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	windlass "windlass.dev/guest"
	"windlass.dev/guest/data"
	"windlass.dev/guest/names"
)

type color uint8

var colors = []string{"red", "light-blue"}

func (c color) MarshalText() ([]byte, error) { return names.Marshal(int(c), colors) }

func (c *color) UnmarshalText(text []byte) error {
	place, err := names.PlaceOf(string(text), colors)
	*c = color(place)
	return err
}

type permissions uint32

func (permissions) Flags() []string { return []string{"read", "write", "execute"} }

type shape interface {
	Case() string
	isShape()
}

type circle struct{ Value float64 }
type nothing struct{}

func (circle) Case() string  { return "circle" }
func (circle) isShape()      {}
func (nothing) Case() string { return "nothing" }
func (nothing) isShape()     {}

type order struct {
	ID          uint64                          `json:"order-id"`
	Note        *string                         `json:"note"`
	Permissions permissions                     `json:"permissions"`
	Color       color                           `json:"color"`
	Shape       shape                           `json:"shape"`
	Picture     []byte                          `json:"picture"`
	Position    windlass.Tuple2[float64, int64] `json:"position"`
	Verdict     windlass.Result[uint32, string] `json:"verdict"`
	Initial     rune                            `json:"initial" wit:"char"`
	Nested      **uint8                         `json:"nested"`
}

func init() { data.Variant[shape](circle{}, nothing{}) }

func TestEveryTypeIsWrittenAndReadAgain(t *testing.T) {
	none := (*uint8)(nil)
	given := order{
		ID:          math.MaxUint64,
		Permissions: 5,
		Color:       1,
		Shape:       circle{math.Inf(1)},
		Picture:     []byte{0, 255},
		Position:    windlass.Tuple2[float64, int64]{F0: 1.5, F1: math.MinInt64},
		Verdict:     windlass.Err[uint32]("no"),
		Initial:     'ß',
		Nested:      &none,
	}

	text, err := data.Encode(given)
	var read order
	failed := data.Decode(text, &read)

	want := `{"order-id":18446744073709551615,"note":null,"permissions":["read","execute"],` +
		`"color":"light-blue","shape":{"circle":"Infinity"},"picture":"AP8=",` +
		`"position":[1.5,-9223372036854775808],"verdict":{"err":"no"},"initial":"ß",` +
		`"nested":{"some":null}}`
	if err != nil || string(text) != want {
		t.Errorf("wrote %s, %v", text, err)
	}
	if failed != nil || !reflect.DeepEqual(read, given) {
		t.Errorf("read %+v, %v", read, failed)
	}
}

func TestACaseWithoutAPayloadIsItsName(t *testing.T) {
	text, _ := data.Encode([]shape{nothing{}})
	var read []shape
	err := data.Decode(text, &read)

	if string(text) != `["nothing"]` || err != nil || read[0] != (nothing{}) {
		t.Errorf("%s, %v, %v", text, read, err)
	}
}

func TestAMistakeIsToldWithItsPlace(t *testing.T) {
	var lines struct {
		Lines []struct {
			Count uint32 `json:"count"`
		} `json:"lines"`
	}

	err := data.Decode([]byte(`{"lines":[{"count":1},{"count":-1}]}`), &lines)

	if err == nil || err.Error() != "lines[1].count: expected uint32, got -1" {
		t.Errorf("got %v", err)
	}
}

func TestTextThatIsNotUTF8IsRefusedWithItsPlace(t *testing.T) {
	_, err := data.Encode([]any{"a", "b\xff"})

	if err == nil || err.Error() != `[1]: the text is not UTF-8: "b\xff"` {
		t.Errorf("got %v", err)
	}
}

func TestA64BitNumberMayBeText(t *testing.T) {
	var number int64

	err := data.Decode([]byte(`"9007199254740993"`), &number)

	if err != nil || number != 9007199254740993 {
		t.Errorf("got %d, %v", number, err)
	}
}

func TestAMapIsWrittenInTheOrderOfItsKeys(t *testing.T) {
	text, _ := data.Encode(map[string]int{"b": 2, "a": 1, "c": 3})

	if string(text) != `{"a":1,"b":2,"c":3}` {
		t.Errorf("got %s", text)
	}
}

func TestRawJSONIsLeftAsItIs(t *testing.T) {
	var raw json.RawMessage

	err := data.Decode([]byte(`{"a":[1,2]}`), &raw)

	if err != nil || string(raw) != `{"a":[1,2]}` {
		t.Errorf("got %s, %v", raw, err)
	}
}

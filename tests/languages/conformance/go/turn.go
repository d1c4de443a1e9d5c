package conformance

import (
	"slices"
	"strconv"

	windlass "windlass.dev/guest"

	"windlass.dev/gen/echo"
)

const everyPermission = echo.PermissionsRead | echo.PermissionsWrite | echo.PermissionsExecute

// Turn makes another of every part, as the WIT says.
func Turn(v echo.Order) echo.Order {
	lines := slices.Clone(v.Lines)
	slices.Reverse(lines)
	for place := range lines {
		lines[place].Count++
		lines[place].Price /= 2
	}
	note := "none"
	if v.Note != nil {
		note = *v.Note + "!"
	}
	picture := make([]byte, len(v.Picture))
	for place, value := range v.Picture {
		picture[place] = value ^ 255
	}
	return echo.Order{
		OrderId:     v.OrderId + 1,
		Lines:       lines,
		Note:        &note,
		Permissions: ^v.Permissions & everyPermission,
		Color:       (v.Color + 1) % 3,
		Shape:       turnShape(v.Shape),
		Picture:     picture,
		Balance:     -v.Balance,
		Position: windlass.Tuple2[float64, float32]{
			F0: float64(v.Position.F1),
			F1: float32(v.Position.F0),
		},
		Verdict: turnVerdict(v.Verdict),
		Initial: 'x',
		Paid:    !v.Paid,
	}
}

func turnShape(shape echo.Shape) echo.Shape {
	switch shape := shape.(type) {
	case echo.ShapeCircle:
		radius := shape.Value
		return echo.ShapeRectangle{Value: windlass.Tuple2[float64, float64]{F0: radius, F1: radius}}
	case echo.ShapeRectangle:
		return echo.ShapeCircle{Value: shape.Value.F0}
	case echo.ShapeLines:
		slices.Reverse(shape.Value)
		return shape
	default:
		return shape
	}
}

func turnVerdict(verdict windlass.Result[uint32, string]) windlass.Result[uint32, string] {
	if verdict.Err != nil {
		return windlass.Ok[uint32, string](uint32(len(*verdict.Err)))
	}
	return windlass.Err[uint32](strconv.FormatUint(uint64(*verdict.Ok), 10))
}

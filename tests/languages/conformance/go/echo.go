// Package conformance implements a function for each kind of type.
package conformance

import (
	windlass "windlass.dev/guest"

	"windlass.dev/gen/echo"
)

// EchoU8 returns what it is given.
func EchoU8(v uint8) uint8 { return v }

// EchoU16 returns what it is given.
func EchoU16(v uint16) uint16 { return v }

// EchoU32 returns what it is given.
func EchoU32(v uint32) uint32 { return v }

// EchoU64 returns what it is given.
func EchoU64(v uint64) uint64 { return v }

// EchoS8 returns what it is given.
func EchoS8(v int8) int8 { return v }

// EchoS16 returns what it is given.
func EchoS16(v int16) int16 { return v }

// EchoS32 returns what it is given.
func EchoS32(v int32) int32 { return v }

// EchoS64 returns what it is given.
func EchoS64(v int64) int64 { return v }

// EchoF32 returns what it is given.
func EchoF32(v float32) float32 { return v }

// EchoF64 returns what it is given.
func EchoF64(v float64) float64 { return v }

// EchoBool returns what it is given.
func EchoBool(v bool) bool { return v }

// EchoChar returns what it is given.
func EchoChar(v rune) rune { return v }

// EchoString returns what it is given.
func EchoString(v string) string { return v }

// EchoBytes returns what it is given.
func EchoBytes(v []byte) []byte { return v }

// EchoList returns what it is given.
func EchoList(v []int32) []int32 { return v }

// EchoLongs returns what it is given.
func EchoLongs(v []uint64) []uint64 { return v }

// EchoFloats returns what it is given.
func EchoFloats(v []float64) []float64 { return v }

// EchoNames returns what it is given.
func EchoNames(v echo.Names) echo.Names { return v }

// EchoNestedList returns what it is given.
func EchoNestedList(v [][]string) [][]string { return v }

// EchoRecords returns what it is given.
func EchoRecords(v []echo.Line) []echo.Line { return v }

// EchoOption returns what it is given.
func EchoOption(v *string) *string { return v }

// EchoNestedOption returns what it is given.
func EchoNestedOption(v **uint8) **uint8 { return v }

// EchoRecord returns what it is given.
func EchoRecord(v echo.Order) echo.Order { return v }

// EchoKeywords returns what it is given.
func EchoKeywords(v echo.Record) echo.Record { return v }

// EchoVariant returns what it is given.
func EchoVariant(v echo.Shape) echo.Shape { return v }

// EchoEnum returns what it is given.
func EchoEnum(v echo.Color) echo.Color { return v }

// EchoFlags returns what it is given.
func EchoFlags(v echo.Permissions) echo.Permissions { return v }

// EchoManyFlags returns what it is given.
func EchoManyFlags(v echo.ManyFlags) echo.ManyFlags { return v }

// EchoTuple returns what it is given.
func EchoTuple(v windlass.Tuple3[uint8, string, bool]) (uint8, string, bool) {
	return v.F0, v.F1, v.F2
}

// EchoResult returns what it is given, as data.
func EchoResult(v windlass.Result[uint32, string]) windlass.Result[uint32, string] { return v }

package conformance

import (
	"errors"
	"strings"

	windlass "windlass.dev/guest"

	"windlass.dev/gen/echo"
)

// ReturnResult returns its argument as its own result.
func ReturnResult(v windlass.Result[uint32, string]) (uint32, error) {
	if v.Err != nil {
		return 0, errors.New(*v.Err)
	}
	return *v.Ok, nil
}

// ReturnTypedError returns every shape but nothing as its error.
func ReturnTypedError(v echo.Shape) (string, error) {
	if _, isNothing := v.(echo.ShapeNothing); isNothing {
		return "nothing", nil
	}
	return "", v
}

// ReturnBareResult succeeds or fails without a word.
func ReturnBareResult(ok bool) error {
	if !ok {
		return errors.New("not ok")
	}
	return nil
}

// ReturnOnlyOk returns "ok", or fails.
func ReturnOnlyOk(ok bool) (string, error) {
	if !ok {
		return "", errors.New("not ok")
	}
	return "ok", nil
}

// ReturnOnlyErr returns nothing, or the error "err".
func ReturnOnlyErr(ok bool) error {
	if !ok {
		return errors.New("err")
	}
	return nil
}

// Join is times times both parts, one after the other.
func Join(firstPart, secondPart string, times uint32) string {
	return strings.Repeat(firstPart+secondPart, int(times))
}

// Nothing does nothing.
func Nothing() {}

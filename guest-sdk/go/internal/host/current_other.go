//go:build !wasip1

package host

// Stood is the stand-in of the test that runs.
var Stood Host

// Current is whoever answers.
func Current() Host {
	if Stood == nil {
		panic("there is no host: a test of a workflow begins with workflowtest.Start")
	}
	return Stood
}

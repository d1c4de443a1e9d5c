//! Empty: what is here is the test in `tests/`, which builds the components and looks at them.

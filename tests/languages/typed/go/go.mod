module typed

go 1.25

require (
	windlass.dev/gen v0.0.0
	windlass.dev/guest v0.0.0
)

// `windlass build` makes both.
replace (
	windlass.dev/gen => ./.windlass/gen
	windlass.dev/guest => ./.windlass/sdk
)

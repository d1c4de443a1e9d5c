module windlass.dev/guest

go 1.25

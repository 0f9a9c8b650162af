package terminal

// Script returns the Starlark script that gives the commands to a dlv of the user's own.
func Script() string { return "" }

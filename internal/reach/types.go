package reach

// A typeTable has the types and variables of the debug information.
type typeTable struct{}

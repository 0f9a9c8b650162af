// Package awaittrace holds the source of the collector, which the command awaittrace puts into the programs that it
// builds. It is the root of the module because a go:embed pattern cannot name a folder above its own.
package awaittrace

import "embed"

// Collector is the folder runtime: the collector and its tests.
//
//go:embed runtime/*.go runtime/*.s
var Collector embed.FS

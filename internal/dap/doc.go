// Package dap is a proxy between an editor and Delve's debug adapter: both speak the Debug Adapter Protocol, and neither knows of the other's
// part. Every message is handed on byte for byte, except what the tables of table.go name:
//
//   - launch builds with probes, by flags that it adds to those of the build;
//   - threads, scopes, variables, evaluate and exceptionInfo tell of probes what the report tells, from the same snapshot and diagnosis;
//   - the exception filters of ours are kept from Delve, and are its `pause` when a finding appears;
//   - awaittrace/report is a request of ours.
//
// Delve runs in a process of its own, which is the awaittrace command again: when Delve crashes the editor is told and no program is left behind,
// and when the proxy is killed Delve sees its client go and ends as it always does.
//
// What is not understood is never an error here. Bytes that are no message are passed on as they are, with all that follow, so that Delve says
// what it always says.
package dap

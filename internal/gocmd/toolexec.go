package gocmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// ToolVerb is the verb of the awaittrace command that calls RunTool.
const ToolVerb = "toolexec"

// A toolWork is what RunTool must know of a build. It is passed in a file, because the go command starts the processes.
type toolWork struct {
	// Originals are the files for vet, by the path of the text with probes.
	//
	// go test would vet the text with probes: messages would name a file in our cache, and checks of probed calls, such
	// as Printf, would find nothing.
	Originals map[string]string
	// Covered are the files with probes, by the path of the original; nil without coverage.
	Covered map[string]coveredFile
	// Replaced are the modules that the build takes from their own folders; see linked.
	Replaced []replacedModule
	// Symbols keeps the symbol table of a test binary, which go test leaves out: it says where the runtime keeps its
	// goroutines.
	Symbols bool
}

// toolexec returns the value of -toolexec with which the go command runs its tools through RunTool, or the user's own,
// which may be empty, if RunTool has nothing to do. overlay is the build's overlay, without the user's, and replaced
// the modules that it takes from their own folders.
func (p *Prepared) toolexec(before, overlay Overlay, replaced []load.Module) (flag string, err error) {
	theirs := p.inv.Value("toolexec")
	if theirs == "" {
		theirs, _ = p.tc.flag("toolexec")
	}
	vets, covers := p.inv.Verb == Test && p.inv.Value("vet") != "off", p.inv.covers(p.tc)
	symbols := p.inv.Verb == Test && !p.stripped()
	if p.Result == nil || len(p.Result.Files) == 0 || !vets && !covers && !symbols && len(replaced) == 0 {
		return theirs, nil
	}
	work := toolWork{Originals: map[string]string{}, Replaced: replacedModules(replaced, p.tc.ModCache),
		Symbols: symbols}
	if covers {
		work.Covered = map[string]coveredFile{}
	}
	for _, f := range p.Result.Files {
		original := f.Name
		if replaced := before[f.Name]; replaced != "" {
			original = replaced
		}
		work.Originals[overlay[f.Name]] = original
		if covers {
			work.Covered[f.Name] = coveredFile{overlay[f.Name], f.Kept}
		}
	}
	data, err := json.Marshal(work)
	if err != nil {
		return "", err
	}
	name := filepath.Join(p.tmp, toolsName)
	if err := os.WriteFile(name, data, 0o666); err != nil {
		return "", err
	}
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	words, err := splitQuoted(theirs)
	if err != nil {
		return "", usagef("-toolexec: %v", err)
	}
	ours := []string{exe, ToolVerb, name, strconv.Itoa(len(words))}
	if !covers { // a shell starts most tools directly, which is faster than awaittrace
		if ours, err = p.shortcut(ours, &work, vets); err != nil {
			return "", err
		}
	}
	return joinQuoted(append(ours, words...))
}

// shortcut returns the words of a shell command that runs ours only for tools that need it, if there is a shell. The go
// command asks a tool for its version in each build. To keep the symbols, the shell does what link does.
func (p *Prepared) shortcut(ours []string, work *toolWork, vets bool) ([]string, error) {
	const shell = "/bin/sh"
	if _, err := os.Stat(shell); err != nil {
		return ours, nil
	}
	quoted := make([]string, len(ours))
	for i, word := range ours {
		quoted[i] = shellQuote(word)
	}
	run := "exec " + strings.Join(quoted, " ") + ` "$@"`
	vet, link := "", ""
	if vets {
		vet = run
	}
	switch {
	case len(work.Replaced) > 0:
		link = run
	case work.Symbols:
		link = `for word; do shift; [ "$word" = -s ] || set -- "$@" "$word"; done; break`
	}
	script := fmt.Sprintf(`case "$*" in *' -V=full') exec "$@" ;; esac
for word; do
	case $word in
	*/vet) %s ;;
	*/link) %s ;;
	-*) break ;;
	esac
done
exec "$@"
`, vet, link)
	name := filepath.Join(p.tmp, shortcutName)
	return []string{shell, name}, os.WriteFile(name, []byte(script), 0o666)
}

// joinQuoted is the inverse of splitQuoted. No word may have both kinds of quotes in it.
func joinQuoted(words []string) (string, error) {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		quote := ""
		if word == "" || strings.ContainsAny(word, " \t\n\r'\"") {
			if quote = "'"; strings.Contains(word, quote) {
				quote = `"`
			}
		}
		if quote != "" && strings.Contains(word, quote) {
			return "", fmt.Errorf("%s: a path with both kinds of quotes cannot be handed to the go command", word)
		}
		b.WriteString(quote + word + quote)
	}
	return b.String(), nil
}

// RunTool runs a tool of the go command, as the program of go's -toolexec. args are the file that Prepare wrote, the
// length of the user's -toolexec, that -toolexec, the tool, and its arguments. RunTool returns the exit status of the
// tool.
func RunTool(args []string, stdout, stderr io.Writer) (int, error) {
	n := 0
	if len(args) > 2 {
		n, _ = strconv.Atoi(args[1])
	}
	if len(args) < n+3 {
		return 0, usagef("%s is for the go command to call", ToolVerb)
	}
	t := &tool{file: args[0], argv: args[2:], args: args[n+3:], stdout: stdout, stderr: stderr}
	switch name := toolName(args[n+2]); {
	case name == "vet" && len(t.args) > 0 && strings.HasSuffix(t.args[len(t.args)-1], ".cfg"):
		return t.vet()
	case name == "cover":
		return t.cover()
	case name == "link":
		return t.link()
	}
	return t.run()
}

// stripped reports whether the user has the linker leave out the symbol table.
func (p *Prepared) stripped() bool {
	flags := p.inv.Value("ldflags")
	if more, ok := p.tc.flag("ldflags"); ok {
		flags += " " + more
	}
	words, err := splitQuoted(flags)
	return err != nil ||
		slices.ContainsFunc(words, func(w string) bool {
			return strings.TrimLeft(w, "-") == "s" || strings.HasSuffix(w, "=-s")
		})
}

// A tool is a call of a tool of the go command.
type tool struct {
	file           string   // of the toolWork
	argv           []string // the whole command line
	args           []string // the end of argv, after the name of the tool
	stdout, stderr io.Writer
}

// run runs the tool and returns its exit status.
func (t *tool) run() (int, error) {
	cmd := exec.Command(t.argv[0], t.argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, t.stdout, t.stderr
	err := cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.Exited() {
		return cmd.ProcessState.ExitCode(), nil
	}
	return 0, err
}

// work reads what Prepare wrote.
func (t *tool) work() (*toolWork, error) {
	work := &toolWork{}
	data, err := os.ReadFile(t.file)
	if err == nil {
		err = json.Unmarshal(data, work)
	}
	return work, err
}

// vet runs vet on the original files of a package. It skips the collector, because before Go 1.24 vet gets wrong paths
// for files that an overlay adds.
func (t *tool) vet() (int, error) {
	work, err := t.work()
	if err != nil {
		return 0, err
	}
	last := &t.args[len(t.args)-1]
	config, err := readVetConfig(*last)
	if err != nil {
		return 0, err
	}
	var path, facts string
	if err := errors.Join(json.Unmarshal(config["ImportPath"], &path),
		json.Unmarshal(config["VetxOutput"], &facts)); err != nil {
		return 0, err
	}
	if path == CollectorPath {
		return 0, os.WriteFile(facts, nil, 0o666)
	}
	if *last, err = work.originals(*last, config); err != nil {
		return 0, err
	}
	return t.run()
}

// A vetConfig is vet's configuration for a package. Fields that are not listed stay as they are.
type vetConfig map[string]json.RawMessage

func readVetConfig(name string) (config vetConfig, err error) {
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, &config)
	}
	return config, err
}

func toolName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".exe") }

// originals writes vet's configuration with the original files of the package, beside the go command's. The types are
// those of the build, because probes change none.
func (w *toolWork) originals(name string, config vetConfig) (string, error) {
	var files []string
	if err := json.Unmarshal(config["GoFiles"], &files); err != nil {
		return "", err
	}
	for i, file := range files {
		if original, ok := w.Originals[file]; ok {
			files[i] = original
		}
	}
	data, err := json.Marshal(files)
	if err != nil {
		return "", err
	}
	config["GoFiles"] = data
	if data, err = json.Marshal(config); err != nil {
		return "", err
	}
	name = strings.TrimSuffix(name, ".cfg") + "-original.cfg"
	return name, os.WriteFile(name, data, 0o666)
}

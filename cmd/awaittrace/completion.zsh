#compdef awaittrace
# Completion of awaittrace for zsh: source <(awaittrace completion zsh), or a file _awaittrace in a folder of $fpath.
_awaittrace() {
    local line files=
    local -a candidates
    while IFS= read -r line; do
        case $line in
        :files) files=yes ;;
        *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done < <("$words[1]" complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe -V awaittrace candidates
    [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _awaittrace ]]; then
    _awaittrace "$@"
else
    compdef _awaittrace awaittrace
fi

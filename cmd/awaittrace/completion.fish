# Completion of awaittrace for fish: awaittrace completion fish | source
function __awaittrace_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c awaittrace -f -k -a '(__awaittrace_complete)'

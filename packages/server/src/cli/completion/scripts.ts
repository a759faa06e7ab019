/**
 * What a shell is told, once, so that it completes `countinghouse`: it asks the program what may come next. What has been
 * typed is handed over as words, and never evaluated: it may hold `$(…)`.
 */

/** A word that the program answers where the name of a file may stand. */
export const FILES_WANTED = ":files";

/** Bash cuts words at `=` and `:`, so they are read from the line itself; of a word with `=` it wants what follows that. */
const BASH = `_countinghouse() {
  local line="\${COMP_LINE:0:COMP_POINT}" value rest typed
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  typed="\${words[\${#words[@]}-1]}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value rest; do
    if [[ $value == ${FILES_WANTED} ]]; then
      compopt -o default 2>/dev/null
    else
      [[ $typed == -*=* ]] && value="\${value#*=}"
      COMPREPLY+=("$value")
    fi
  done < <("$1" complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _countinghouse countinghouse
`;

const ZSH = `#compdef countinghouse
_countinghouse() {
  local -a found
  local value text files=0
  while IFS=$'\\t' read -r value text; do
    if [[ $value == ${FILES_WANTED} ]]; then
      files=1
    else
      found+=("\${value//:/\\\\:}:$text")
    fi
  done < <("\${words[1]}" complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe -V countinghouse found
  (( files )) && _files
}
if [[ \${funcstack[1]} == _countinghouse ]]; then
  _countinghouse "$@"
else
  compdef _countinghouse countinghouse
fi
`;

const FISH = `function __countinghouse_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for line in ($words[1] complete -- $words[2..] "$typed" 2>/dev/null)
        if test "$line" = ${FILES_WANTED}
            __fish_complete_path "$typed"
        else
            printf "%s\\n" "$line"
        end
    end
end
complete -c countinghouse -f -k -a '(__countinghouse_complete)'
`;

export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;

"""The 66 shapes of the review of this check, in which « is ``{{ v | sh }}``: where a value runs, and where it is data."""

from __future__ import annotations

READER = {
    "here-document with a blank": "cat << EOF\nv: «\nEOF",
    "here-document, empty line": "cat << EOF\nv:\n\n«\nEOF",
    "here-document whose end looks indented": "cat <<EOF\n\tEOF\n«\nEOF",
    "here-document whose end has a tab behind it": "cat <<EOF\nEOF\t\n«\nEOF",
    "backquotes": "x=`echo «`",
    "backquotes in quotes": 'x="`echo "«"`"',
    "arithmetic expansion": "echo $(( « ))",
    "arithmetic expansion, added": "echo $((1 + «))",
    "arithmetic expansion in quotes": 'echo "$(( « ))"',
    "arithmetic command": "(( « ))",
    "arithmetic command, assigned": "(( x = « ))",
    "old arithmetic": "echo $[ « ]",
    "substring": "y=abc; echo ${y:«}",
    "substring's length": "y=abc; echo ${y:0:«}",
    "subscript of an assignment": "a[«]=1",
    "subscript in an array": "a=([«]=1)",
    "subscript in a declared array": "declare -a a=([«]=1)",
    "subscript in an appended array": "a+=([«]=1)",
    "quotes in braces in quotes": 'echo "${nope:-"«"}"',
    "case in a substitution": 'echo "$(case a in a) echo "«" ;; esac)"',
}
BUILTINS = {
    "[[ -eq ]]": "[[ « -eq 1 ]]",
    "[[ -v ]]": "[[ -v « ]]",
    "test -v": "test -v «",
    "printf -v": "printf -v « x",
    "read": "read « <<< x",
    "unset": "a=(1); unset «",
    "declare": "declare «=1",
    "declare -i": "declare -i n=«",
    "let": "let «",
}
EVALUATORS = {
    "eval": "eval «",
    "trap": "trap « EXIT",
    "alias": "shopt -s expand_aliases\nalias f=«\nf",
    "mapfile -C": "mapfile -C « -c 1 a < <(echo x)",
}
REFUSED_BEFORE = {
    "double quotes": 'echo "«"',
    "single quotes": "echo '«'",
    "ansi quotes": "echo $'«'",
    "quotes in a substitution": 'echo "$(echo "«")"',
    "behind a dollar": "echo $«",
    "behind a backslash": "echo \\«",
    "comment": "# «",
    "comment behind a command": "echo x # «",
    "here-document": "cat <<EOF\n«\nEOF",
    "quoted here-document": "cat <<'EOF'\n«\nEOF",
    "indented here-document": "cat <<-EOF\n\t«\n\tEOF",
    "delimiter": "cat <<«\nx",
    "localised quotes": 'echo $"«"',
    "quotes in a function": 'f() { echo "«"; }; f',
    "quotes in an array": 'a=("«")',
    "quotes in braces": 'echo ${y:-"«"}',
}
INERT = {
    "assignment": "x=«; echo \"$x\"",
    "member of an array": "x=(«); echo \"${x[0]}\"",
    "members of an array": "x=(»); echo \"${x[@]}\"",
    "appended": "x=a; x+=«",
    "members appended": "x=(); x+=(«)",
    "word of a program": "cat -- « </dev/null",
    "word of a function": 'f() { echo "$1"; }; f «',
    "part of a word": "x=/opt/«/bin",
    "option's value": "cat --x=«",
    "printed": "printf '%s' «",
    "in a substitution": "x=$(echo «)",
    "in a substitution in quotes": 'x="$(echo «)"',
    "of a for": 'for x in «; do echo "$x"; done',
    "of a case": "case « in x) echo x ;; *) echo y ;; esac",
    "compared": "[[ x == « ]] || :",
    "in a pipe": "echo « | cat",
    "behind a continued line": "echo x \\\n  «",
}
RUNS = READER | BUILTINS | EVALUATORS
ALL = RUNS | REFUSED_BEFORE | INERT

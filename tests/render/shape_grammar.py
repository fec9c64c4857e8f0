"""Shell text that nobody would write, with holes for values: quotes, expansions and commands nested in each other."""

# ruff: noqa: E501 - each shape on a line of its own
from __future__ import annotations

from random import Random

from tests.render.bash_oracle import HOLE, HOLES

NAMES = ("x", "y", "a", "n", "v_1")
BUILTINS = (
    "eval", "trap", "alias", "let", "declare", "declare -i", "declare -n", "typeset", "local", "readonly", "export", "read",
    "read -r", "read -a", "unset", "printf", "printf -v", "printf '%s'", "printf '%d'", "test", "test -v", "[", "mapfile",
    "mapfile -C", "source", ".", "exec", "getopts", "wait -p", "hash", "bind", "complete", "compgen -W", "compgen -C",
    "builtin", "command", "command eval", "set", "set --", "shift", "return", "enable", "shopt -s", "cd", "type",
)  # fmt: skip
PROGRAMS = (
    "echo", "cat", "true", "printf '%s\\n'", "f", "g", "basename --", "env", "bash -c", "sh -c", "bash", "xargs", "timeout 1",
    "find . -maxdepth 0 -exec", "awk", "sed -n", "python3 -c", "python3", "nohup", "sort -u", "tee", "\\echo", "'echo'", "$x",
    '"$x"', "/bin/echo",
)  # fmt: skip
TESTS = ("-n", "-z", "-v", "-f", "-R", "==", "!=", "=~", "-eq", "-lt", "=", "<")
NOISE = ("", "", "", "# it's a \"comment\" `with` $( all", ":", "x=1", "a=(1 2)", "shopt -s inherit_errexit", "set -e +e",
         "y='it is'", "f() { echo \"$1\"; }", "g() { local z=$1; echo \"$z\"; }", "f() { (( $1 )); }", "g() { eval \"$1\"; }",
         "declare -i n", "declare -A a", "f() { local -n r=$1; r=1; }", "shopt -s extglob", "cat <<'EOF'\nit's\nEOF",
         "g() { local z; z=$1; [[ $z -gt 0 ]]; }", "n() { local z=$1; shift; (( z )); }")  # fmt: skip
USES = (
    "echo \"$x\"", "echo $x", "(( x ))", "echo $((x + 1))", "[[ $x -eq 1 ]]", "[[ -v $x ]]", "[[ x -lt 2 ]]", "eval \"$x\"",
    "echo ${a[x]}", "echo ${a[$x]}", "echo ${!x}", "echo ${y:x}", "echo ${x@P}", "y=$x; (( y ))", "f \"$x\"", "g \"${a[0]}\"",
    "let y=x", "printf -v \"$x\" 1", "unset \"$x\"", "declare \"$x\"", "echo ${#x} ${#a[@]} $#", "n=$x", "trap \"$x\" EXIT",
    "for y in \"${a[@]}\"; do (( y )); done", "read -r y <<< \"$x\"; (( y ))", "bash -c \"$x\"", "a[x]=1", "a=([x]=1)",
    "case $x in \"$y\") : ;; esac", "[[ $x == \"$y\" ]]", "cat <<EOF\n$x $((x))\nEOF", "cat <<EOF\n$x\nEOF", "y=${x//[!0-9]/}; (( y ))",
    "while (( x )); do break; done", "echo \"${x:-$y}\"", "y=$(f \"$x\"); (( y ))", "for (( y = x; y < 0; y++ )); do :; done",
    "[ \"$x\" -eq 1 ]", "test -v \"$x\"", "y[${x}]=1", "echo ${x^} ${x%a}", "export \"$x\"", "mapfile -t y <<< \"$x\"; echo $((y))",
)  # fmt: skip


class Shapes:
    """Draws shapes; the same seed draws the same ones. Every other one is made of calmer parts, so that some are safe."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.calm = False

    def shape(self) -> str:
        """Return a shape with at least one hole."""
        self.calm = not self.calm
        while True:
            lines = [
                self.choose(NOISE),
                self.statement(3),
                self.choose(("", self.choose(USES))),
                self.choose(("", self.choose(USES))),
            ]
            text = self.choose(("\n", "\n", "\n\n", "; ")).join(filter(None, lines))
            if (HOLE in text or HOLES in text) and len(text) < 400:
                return text

    def choose(self, options: tuple[str, ...]) -> str:
        return self.random.choice(options)

    def statement(self, depth: int) -> str:
        kinds = (
            ["simple"] * 4 + ["assign"] * 3 + ["array", "here", "test", "arithmetic", "builtin", "builtin", "redirect"]
        )
        if self.calm:
            kinds = ["simple"] * 4 + ["assign", "assign", "array", "test"]
        if self.calm and depth:
            kinds += [
                "if",
                "for",
                "while",
                "case",
                "function",
                "group",
                "subshell",
                "pipe",
                "time",
                "not",
                "and",
                "continued",
            ]
        elif depth:
            kinds += ["if", "for", "while", "case", "function", "group", "subshell", "pipe", "time", "not", "coproc", "and",
                      "continued", "select", "commented"]  # fmt: skip
        return str(getattr(self, f"_{self.random.choice(kinds)}")(depth))

    def word(self, depth: int) -> str:
        return "".join(self.piece(depth) for _ in range(self.random.choice((1, 1, 1, 2, 3))))

    def piece(self, depth: int) -> str:
        simple: tuple[str, ...] = (HOLE, HOLE, HOLE, HOLE, HOLES, "a", "b=", "/", "-", "$x", "${x}", "${#x}", "$1", "'it is'", '"$x"', "\\", "~", "*",
                  "$", "[", "]", "{", "%", "\\'", "X", "${y[0]}", "!", "#", "@", "^", "+(", "=", ":")  # fmt: skip
        if self.calm:
            simple = (HOLE, HOLE, HOLE, HOLES, "a", "--b=", "/a/", '"$x"', "'it is'", '"${a[@]}"', "$1")
        if not depth:
            return self.choose(simple)
        inner = self.word(depth - 1)
        nested: tuple[str, ...] = (
            f"'{inner}'", f'"{inner}"', f'"{inner}"', f"$'{inner}'", f'$"{inner}"', f"$({self.statement(depth - 1)})",
            f'"$({self.statement(depth - 1)})"', f"`{self.statement(depth - 1)}`", f"$(( {inner} ))", f"$[ {inner} ]",
            f"${{x:-{inner}}}", f'"${{x:-{inner}}}"', f"${{x:{inner}}}", f"${{x[{inner}]}}", f"${{x#{inner}}}", f"${{x//a/{inner}}}",
            f"{{a,{inner}}}", f"<({self.statement(depth - 1)})", f"[{inner}]", f"${{!{inner}}}",
        )  # fmt: skip
        if self.calm:
            nested = (
                f'"$({self.statement(depth - 1)})"',
                f"$({self.statement(depth - 1)})",
                '"${x:-a}"',
                f"<({self.statement(depth - 1)})",
            )
        return self.choose(simple) if self.random.random() < (0.8 if self.calm else 0.55) else self.choose(nested)

    def words(self, depth: int) -> str:
        return self.choose((" ", " ", "  ", " \\\n ", "\t")).join(
            self.word(depth) for _ in range(self.random.choice((1, 1, 2, 3)))
        )

    def _simple(self, depth: int) -> str:
        if self.calm:
            return f"{self.choose(PROGRAMS[:7])} {self.words(depth)}"
        name = self.choose(PROGRAMS) if self.random.random() < 0.93 else self.word(depth)
        return f"{self.choose(('', '', '', 'x=1 ', f'x={HOLE} ', f'PS4={HOLE} '))}{name} {self.words(depth)}"

    def _assign(self, depth: int) -> str:
        name = self.choose((*NAMES, *NAMES, "PS4", "BASH_ENV", "RANDOM", "IFS", "OPTIND", "PATH"))
        return f"{name}{self.choose(('=', '=', '=', '+=', f'[{self.word(0)}]='))}{self.word(depth)}"

    def _array(self, depth: int) -> str:
        inner = self.words(depth) if self.random.random() < 0.7 else f"[{self.word(0)}]={self.word(0)}"
        return f"{self.choose(('', '', '', 'declare -A ', 'local ', 'declare -ia '))}{self.choose(NAMES)}{self.choose(('=', '+='))}({inner})"

    def _here(self, depth: int) -> str:
        begin, end = (
            self.choose(("EOF", "EOF", "'EOF'", '"EOF"', "\\EOF", "E'O'F", HOLE)),
            self.choose(("EOF", "EOF", "EOF", "\tEOF", "EOF ", "")),
        )
        body = self.choose(
            (
                f"v: {self.word(depth)}",
                f"{HOLE}",
                f"a\\\n{HOLE}",
                f"\tEOF\n{HOLE}",
                "plain",
                f"`{HOLE}`",
                f"$(echo {HOLE})",
            )
        )
        after = self.choose(("", "", f"\necho {self.word(depth)}", f"\nx={HOLE}"))
        return f"cat {self.choose(('<<', '<< ', '<<-', '<<- ', '<<<', '<<< '))}{begin}{self.choose(('', '', ' | cat', f' {HOLE}'))}\n{body}\n{end}{after}"

    def _test(self, depth: int) -> str:
        left = self.choose(("", f"{self.word(0)} ", "$x ", "x "))
        body = f"{left}{self.choose(TESTS)} {self.word(depth)}"
        more = self.choose(("", "", f" && -n {self.word(0)}", f" || {self.word(0)} == {self.word(0)}"))
        return self.choose((f"[[ {body}{more} ]]", f"[[ {body}{more} ]]", f"[ {body} ]", f"test {body}"))

    def _arithmetic(self, depth: int) -> str:
        return self.choose(
            (
                f"(( {self.word(depth)} ))",
                f"(( x = {self.word(0)} ))",
                f"echo $(( {self.word(depth)} ))",
                f"for (( x = {self.word(0)}; 0; )); do :; done",
            )
        )

    def _builtin(self, depth: int) -> str:
        return f"{self.choose(BUILTINS)} {self.choose(('', 'x=', 'x ', '-n ', '-r '))}{self.words(depth)}"

    def _redirect(self, depth: int) -> str:
        return (
            f"echo a {self.choose(('>', '>>', '<', '<<<', '2>', '&>', '>&', '{fd}>', '<>', '>|'))} {self.word(depth)}"
        )

    def _if(self, depth: int) -> str:
        return f"if {self.statement(depth - 1)}; then {self.statement(depth - 1)}{self.choose(('', '; else :'))}; fi"

    def _for(self, depth: int) -> str:
        return f"for {self.choose(NAMES)} in {self.words(depth - 1)}; do {self.statement(depth - 1)}; done"

    def _select(self, depth: int) -> str:
        return f"select x in {self.words(depth - 1)}; do break; done"

    def _while(self, depth: int) -> str:
        return f"while {self.statement(depth - 1)}; do {self.statement(depth - 1)}; break; done"

    def _case(self, depth: int) -> str:
        pattern = self.choose((self.word(0), "a", "*", "(a", "a|b", "@(a)"))
        return f"case {self.word(depth - 1)} in {pattern}) {self.statement(depth - 1)} ;; {self.choose(('', f'*) echo {self.word(0)} ;; '))}esac"

    def _function(self, depth: int) -> str:
        head = self.choose(("p() {", "function p {", "p () {", "function p() {"))  # no body calls p: nothing recurs
        return f"{head} {self.statement(depth - 1)}; }}; p {self.words(depth - 1)}"

    def _group(self, depth: int) -> str:
        return f"{{ {self.statement(depth - 1)}; }}"

    def _subshell(self, depth: int) -> str:
        return f"({self.statement(depth - 1)})"

    def _pipe(self, depth: int) -> str:
        return f"{self.statement(depth - 1)} | {self.statement(depth - 1)}"

    def _and(self, depth: int) -> str:
        return f"{self.statement(depth - 1)} {self.choose(('&&', '||', ';', '&'))} {self.statement(depth - 1)}"

    def _time(self, depth: int) -> str:
        return f"time {self.choose(('', '-p '))}{self.statement(depth - 1)}"

    def _not(self, depth: int) -> str:
        return f"! {self.statement(depth - 1)}"

    def _coproc(self, depth: int) -> str:
        return f"coproc {self.choose(('', 'N ', f'{HOLE} '))}{{ {self.statement(depth - 1)}; }}"

    def _continued(self, depth: int) -> str:
        return f"echo a\\\n{self.choose(('', ' ', '#'))}{self.word(depth - 1)}"

    def _commented(self, depth: int) -> str:
        return f"{self.statement(depth - 1)} # {self.word(0)}\n{self.statement(depth - 1)}"

"""No value reaches bash but as one bare word: tried with real bash."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.render import environment
from gpusetup.render.quoting import OPEN
from gpusetup.render.settle import settle

HOSTILE = "a'b\"; $(touch /tmp/x) `id` $HOME \\ #{}* ~ | & > !"
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=40)


def render(source: str, **values: object) -> str:
    return settle(environment.scripts([]).from_string(source).render(values))


def output(script: str) -> str:
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
    return done.stdout


SAFE = (
    "x={{ value | sh }}\nprintf '%s' \"$x\"",
    "printf '%s' {{ value | sh }}",
    "x=({{ [value, value] | sh }})\nprintf '%s' \"${x[0]}\"",
    "printf '%s' \"$(printf '%s' {{ value | sh }})\"",
    "# it's a comment with \" quotes\nprintf '%s' {{ value | sh }} # and another one's",
    "cat >/dev/null <<'END'\nit's \" here\nEND\nprintf '%s' {{ value | sh }}",
    "x=$'it\\'s'; y=\"a\\\"b\"; z='\"'\nprintf '%s' {{ value | sh }}",
    'f() { printf \'%s\' "$1"; }\nx=abc; : "${x#a}" $# ${#x}\nf {{ value | sh }}',
    "cat <<<'<<no' >/dev/null; printf '%s' {{ value | sh }}",
)

UNSAFE = {
    "unquoted": "echo {{ value }}",
    "filter not last": "echo {{ value | sh | upper }}",
    "joined after quoting": "echo {{ (value | sh) ~ value }}",
    "in double quotes": 'echo "{{ value | sh }}"',
    "in double quotes inside a substitution": 'echo "$(echo "{{ value | sh }}")"',
    "in single quotes": "echo '{{ value | sh }}'",
    "in ansi quotes": "echo $'{{ value | sh }}'",
    "behind a dollar": "echo ${{ value | sh }}",
    "behind a backslash": "echo \\{{ value | sh }}",
    "in a comment": "# for {{ value | sh }}",
    "comment inside a line": "echo a{{ value | comment }}",
    "in a here-document": "cat <<END\n{{ value | sh }}\nEND",
    "in a quoted here-document": "cat <<'END'\n{{ value | sh }}\nEND",
    "in an indented here-document": "cat <<-END\n\t{{ value | sh }}\n\tEND",
    "as a delimiter": "cat <<{{ value | sh }}",
}


@pytest.mark.parametrize("source", SAFE)
def test_a_hostile_value_comes_out_of_bash_as_it_went_in(source: str) -> None:
    assert output(render(source, value=HOSTILE)) == HOSTILE


@settings(max_examples=60, deadline=None)
@given(value=PRINTABLE, source=st.sampled_from(SAFE))
def test_any_value_comes_out_of_bash_as_it_went_in(value: str, source: str) -> None:
    # a command substitution drops line ends only, and no value holds one
    assert output(render(source, value=value)) == value


@pytest.mark.parametrize("source", UNSAFE.values(), ids=UNSAFE.keys())
def test_a_value_in_a_dangerous_place_is_refused(source: str) -> None:
    with pytest.raises(WrongInputError):
        render(source, value="harmless")


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "\x1b[2J", "a\u202eb", f"{OPEN}$(id)"], ids=ascii)
def test_no_control_character_enters_shell_text(value: str) -> None:
    with pytest.raises(WrongInputError, match="control"):
        render("echo {{ value | sh }}", value=value)


@given(value=st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_comment_stays_a_comment(value: str) -> None:
    assert output(render("{{ value | comment }}\nprintf ok", value=value)) == "ok"


def test_the_error_names_the_line() -> None:
    with pytest.raises(WrongInputError, match="line 3"):
        render("echo\necho\necho {{ value }}", value="x")

"""No value runs in shell text that is accepted, and what is accepted reaches bash whole: tried with real bash."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import WrongInputError
from gpusetup.render import environment
from gpusetup.render.marks import OPEN
from gpusetup.render.quoting_check import check_shell
from tests.each import each
from tests.render import shapes
from tests.render.bash_oracle import BROKEN, ran, refusal
from tests.render.bash_oracle import HOSTILE as VALUES
from tests.render.shape_grammar import Shapes
from tests.support import drawn, examples

HOSTILE = "a'b\"; $(touch /tmp/x) `id` $HOME \\ #{}* ~ | & > !"
REFUSED = re.compile(r"line \d+ of this text, ['\"].*['\"], \w+.* \(.+\)", re.DOTALL)
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=40)


def render(source: str, **values: object) -> str:
    return check_shell(environment.scripts([]).from_string(source).render(values))


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


@examples(60)
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
@examples(60)
def test_a_comment_stays_a_comment(value: str) -> None:
    assert output(render("{{ value | comment }}\nprintf ok", value=value)) == "ok"


def test_the_error_names_the_line() -> None:
    with pytest.raises(WrongInputError, match="line 3"):
        render("echo\necho\necho {{ value }}", value="x")


@pytest.mark.parametrize("shape", shapes.RUNS.values(), ids=shapes.RUNS.keys())
def test_a_place_in_which_a_value_runs_is_refused(shape: str, tmp_path: Path) -> None:
    assert ran(shape, VALUES, tmp_path), "bash runs no value here: the shape proves nothing"
    assert REFUSED.fullmatch(refusal(shape))


@pytest.mark.parametrize("shape", shapes.REFUSED_BEFORE.values(), ids=shapes.REFUSED_BEFORE.keys())
def test_a_place_where_quotes_do_not_help_is_refused(shape: str) -> None:
    assert REFUSED.fullmatch(refusal(shape))


@pytest.mark.parametrize("shape", drawn("inert shapes", list(shapes.INERT.values())))
def test_a_place_in_which_values_are_data_is_accepted(shape: str, tmp_path: Path) -> None:
    assert refusal(shape) == ""
    assert ran(shape, VALUES, tmp_path) == ""


@pytest.mark.parametrize("value", BROKEN, ids=ascii)
def test_a_value_of_several_lines_stands_nowhere(value: str) -> None:
    assert "line break" in refusal("x=\u00ab", value)


@pytest.mark.parametrize("shape", drawn("evaluated shapes", shapes.EVALUATED))
def test_what_holds_a_value_is_not_evaluated(shape: str, tmp_path: Path) -> None:
    """The place is safe, and what becomes of the value is not."""
    assert ran(shape, VALUES, tmp_path)
    assert refusal(shape, flows=False) == ""
    assert re.search(r", evaluates .* value, as ", refusal(shape))


@pytest.mark.parametrize("shape", drawn("held shapes", shapes.HELD))
def test_what_only_passes_a_value_on_is_accepted(shape: str, tmp_path: Path) -> None:
    assert refusal(shape) == ""
    assert ran(shape, VALUES, tmp_path) == ""


@pytest.mark.slow
def test_no_value_runs_in_a_drawn_shape_that_is_accepted(tmp_path: Path) -> None:
    """A sample; benchmarks/hostile_templates.py is the campaign."""
    drawn = Shapes(14)
    accepted = [shape for shape in (drawn.shape() for _ in range(400)) if not refusal(shape)]
    assert len(accepted) > 50  # it judges, and does not refuse everything
    for shape in accepted[::5]:
        if not ran(shape, ("harmless",), tmp_path):
            assert ran(shape, [one for one in VALUES[:12] if not refusal(shape, one)], tmp_path) == "", shape


@pytest.mark.parametrize("name", ["json", "line", "unit", "unit_line", "comment", "code", "plain"])
def test_another_grammar_s_filter_is_refused_in_shell_text(name: str) -> None:
    with pytest.raises(WrongInputError):
        render(f"echo {{{{ value | {name} }}}}", value="`id`")


def test_a_number_may_be_reckoned_with_and_a_text_is_none() -> None:
    assert render("echo $(( 1 + {{ value | number }} ))", value=2) == "echo $(( 1 + 2 ))"
    for value in ("2", "a[$(id)]", 2.5):
        with pytest.raises(WrongInputError, match="whole number"):
            render("x={{ value | number }}", value=value)


def test_checked_text_cannot_end_the_here_document_it_stands_in() -> None:
    source = "cat <<'END'\n{{ value | code }}\nEND\n: {{ other | sh }}"
    assert "echo x" in render(source, value="echo x", other="y")
    with pytest.raises(WrongInputError, match="line END"):
        render(source, value="x\nEND\nid", other="y")
    with pytest.raises(WrongInputError):
        render(source.replace("'END'", "END"), value="$(id)", other="y")


@pytest.mark.parametrize(
    "text", ['echo "', "cat <<EOF\nx", "if true; then", "f() {", "x=$(", "echo \\", "esac", ")", "a;;", "done"]
)
def test_text_that_is_not_whole_is_refused_before_other_text(text: str) -> None:
    with pytest.raises(WrongInputError):
        check_shell(text, whole=True)


PIECES = ["$(", "`", "((", "{ ", "\\", "'", '"', "${x:-", "a=(", "case x in x) ", "[[ ", "<<a\n", "f() {", "$", "#"]


@each("piece", drawn("pieces", PIECES))
def test_text_of_one_piece_over_and_over_is_judged_without_a_fault(piece: str) -> None:
    refusal(piece * (65536 // len(piece)) + "\u00ab")


def documented() -> list[str]:
    """Return the places that the guide says are accepted, each made a whole command."""
    section = (content_dirs("recipes")[0] / "README.md").read_text().partition("## Where a value may stand")[2]
    rows = "\n".join(row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `"))
    ends = {"case": " x) : ;; esac", "for": " :; done"}
    begins = {"<<<": "cat ", "$((": "echo "}
    spans = [one.replace("\\|", "|") for one in re.findall(r"`([^`]*\{\{[^`]*)`", rows)]
    return [begins.get(one[:3], "") + one + ends.get(one.split()[0], "") for one in spans]


@pytest.mark.parametrize("source", documented())
def test_a_place_that_the_guide_names_is_accepted(source: str) -> None:
    assert render(source, v="harmless", w="x", n=3)


@given(text=st.text("ab \n\t'\"\\$`(){}[]<>;&|#=~*?!EOFcase", max_size=60))
@examples(150)
def test_any_text_is_judged_without_a_fault(text: str) -> None:
    for shape in (f"{text}\u00ab", f"{text} \u00ab\n{text}"):
        refusal(shape)

"""In text that no shell reads, a value stands as its grammar keeps it whole, or is refused."""

from __future__ import annotations

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.render import environment
from gpusetup.render.container.formats import checked
from tests.each import each


def render(source: str, template: str, value: object = "x: $(id)") -> str:
    return checked(environment.scripts([]).from_string(source).render(value=value), template)


KEPT = {
    ("name: {{ value | json }}", "a.yaml.j2"): 'name: "x: $(id)"',
    ("{{ value | json }}: 1", "a.yaml.j2"): '"x: $(id)": 1',
    ('{"a": {{ value | json }}}', "a.json.j2"): '{"a": "x: $(id)"}',
    ("a: [{{ value | json }}, {{ value | json }}]", "a.yaml.j2"): 'a: ["x: $(id)", "x: $(id)"]',
    ("{{ value | comment }}\na: 1", "a.yaml.j2"): "# x: $(id)\na: 1",
    ("a:\n  b: !unsafe{{ value | block(4) }}\n", "a.yaml.j2"): "a:\n  b: !unsafe |\n    x: $(id)\n",
    ("Exec={{ value | unit }}\n", "a.container.j2"): 'Exec="x: $$(id)"\n',
    ("Image={{ value | unit_line }}\n", "a.container.j2"): "Image=x: $(id)\n",
    ("From: {{ value | line }}\n%post\n    : {{ value | sh }}\n", "a.def.j2"):
        "From: x: $(id)\n%post\n    : 'x: $(id)'\n",
    ('CMD {{ ["a", value] | json }}\n', "Containerfile.j2"): 'CMD ["a", "x: $(id)"]\n',
    ("RUN --mount=type=cache,target=/c \\\n    if true; then echo {{ value | sh }}; fi\n", "Containerfile.j2"):
        "RUN --mount=type=cache,target=/c \\\n    if true; then echo 'x: $(id)'; fi\n",
}  # fmt: skip
REFUSED = (
    ("  a{{ value | block(4) }}", "a.yaml.j2"),
    ("  # a:{{ value | block(4) }}", "a.yaml.j2"),
    ('  "a:{{ value | block(4) }}"', "a.yaml.j2"),
    ("  a:{{ value | block(4) }}x", "a.yaml.j2"),
    ("name: {{ value }}", "a.yaml.j2"),
    ("name: {{ value | sh }}", "a.yaml.j2"),
    ("name: {{ value | line }}\n", "a.yaml.j2"),
    ('name: "{{ value | json }}"', "a.yaml.j2"),
    ("name: '{{ value | json }}'", "a.yaml.j2"),
    ("name: x{{ value | json }}", "a.yaml.j2"),
    ("name: {{ value | json }}x", "a.yaml.j2"),
    ("# {{ value | json }}", "a.yaml.j2"),
    ("a: 1 {{ value | comment }}\n", "a.yaml.j2"),
    ("Exec={{ value | unit_line }}\n", "a.container.j2"),
    ("Exec=a {{ value | sh }}\n", "a.container.j2"),
    ("%labels\n    a {{ value | sh }}\n", "a.def.j2"),
    ("%post\n    echo {{ value | line }}\n", "a.def.j2"),
    ("%runscript\n    exec {{ value | sh }}\n", "a.def.j2"),
    ("RUN echo {{ value | json }}\n", "Containerfile.j2"),
    ("RUN true; \\\n  CMD {{ value | json }}\n", "Containerfile.j2"),
    ("RUN eval {{ value | sh }}\n", "Containerfile.j2"),
    ("RUN sh -c {{ value | sh }}\n", "Containerfile.j2"),
    ("CMD {{ value | sh }}\n", "Containerfile.j2"),
    ("ENV BASH_ENV={{ value | sh }}\n", "Containerfile.j2"),
    ("CMD {{ value | json }}\n", "slurm.sh.j2"),
    ("echo {{ value | json }}\n", "slurm.sh.j2"),
)


@pytest.mark.parametrize(("source", "template"), KEPT)
def test_a_value_in_its_place_is_kept_whole(source: str, template: str) -> None:
    assert render(source, template) == KEPT[source, template]


@each("source, template", REFUSED)
def test_a_value_in_another_place_is_refused_with_its_line(source: str, template: str) -> None:
    with pytest.raises(WrongInputError, match=r"line \d+ of this text"):
        render(source, template)


def test_a_value_cannot_begin_a_section_of_a_definition() -> None:
    with pytest.raises(WrongInputError, match="section"):
        render("%post\n    x=(\n{{ value | sh }}\n)\n", "a.def.j2", "%setup")


@pytest.mark.parametrize(
    "text",
    ["a\n- hosts: all", "a\n\n  b: {{ x }}\n#c", "a\tb", "---\na", "| a", "no end", "é ☃", " first is a space", "\tx",
     "line\u2028separator", "next\x85line", "escape\x1b", "\rreturn", "", "\n\nblank before"],
)  # fmt: skip
def test_a_block_gives_back_what_was_put_in_and_nothing_in_it_ends_it(text: str) -> None:
    yaml = pytest.importorskip("yaml")
    source = "top:\n  key:{{ value | block(4) }}\n  next: 1\n"
    read = yaml.safe_load(render(source, "a.yaml.j2", text))["top"]
    assert read["next"] == 1
    assert read["key"].strip("\n") == text.strip("\n")

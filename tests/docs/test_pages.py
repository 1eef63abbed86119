"""What the pages show is what happens: every block of rules, Python and shell in them is run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from rulecrm.cli.app import commands
from tests.docs.pages import NAMES, ROOT, blocks, run

PAGES = ["README.md", "CHANGELOG.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_prints_what_it_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for said in run(name):
        assert said.found == said.expected, said.place


@pytest.mark.parametrize("name", PAGES)
def test_python_of_every_page_is_python(name: str) -> None:
    for block in blocks((ROOT / name).read_text("utf-8")):
        if block.language == "python":
            ast.parse(block.text)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", page):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(file: Path) -> set[str]:
    """Anchors of headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_has_its_two_commands() -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    first, second = (block.text.strip() for block in blocks(page) if block.language == "sh")
    assert first == "pip install . && rulecrm demo"
    assert second == 'pip install ".[test]" && pytest'
    assert page.index(first) < page.index("$ rulecrm")


def test_every_command_has_its_section() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    sections = re.findall(r"^## `rulecrm (\w+)", page, re.MULTILINE)
    assert sorted(sections) == commands.list_commands(None)  # type: ignore[arg-type]


def test_every_option_is_told() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for name in commands.list_commands(None):  # type: ignore[arg-type]
        command = commands.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        section = re.split(rf"^## `rulecrm {name}\b(?!s)", page, flags=re.MULTILINE)[1].split("\n## ", 1)[0]
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        for option in (*command.params, *(option for one in inner for option in one.params)):
            if option.param_type_name == "option":
                assert any(f"`{word}" in section or f" {word}" in section for word in option.opts), (name, option.name)

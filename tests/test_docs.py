"""The documents: commands they show exist, tables they hold are the code's, links they make lead somewhere."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.commands_page import page as commands_page
from cli.main import COMMANDS, leadcast
from history.folder.rules.rules import FLAGGED, REJECTED
from training.audit.audit import MUTABLE, POSSIBLE, SUSPECTED

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "deploy").glob("*.md"),
    ]
)
SHOWN = re.compile(r"(?:^|`|[A-Z]=\S+ )leadcast ([a-z][a-z-]*)([^`\n#|;,]*)", re.M)
CONTEXT = click.Context(leadcast, info_name="leadcast")


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def section(page: str, name: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name}:start -->\n(.*?)<!-- {name}:end -->", text, re.S)
    assert found, f"{page} has no section {name}"
    return found[1]


def command(name: str) -> click.Command:
    found = leadcast.get_command(CONTEXT, name)
    assert found is not None
    return found


def usage(name: str) -> str:
    """The command with its arguments and options, as the contract writes them."""
    found = command(name)
    parts = [f"leadcast {name}"]
    for parameter in found.params:
        if isinstance(parameter, click.Argument):
            parts.append(parameter.make_metavar(CONTEXT))
    return " ".join(parts)


def commands_table() -> str:
    rows = [
        f"| `{usage(name)}` | {(command(name).help or '').split(chr(10) * 2)[0].replace(chr(10), ' ')} |\n"
        for name in COMMANDS
    ]
    return "| command | does |\n|---|---|\n" + "".join(rows)


def rules_table() -> str:
    rejected = "".join(f"| `{rule}` | set aside | {says} |\n" for rule, says in REJECTED.items())
    flagged = "".join(f"| `{rule}` | kept, counted | {says} |\n" for rule, says in FLAGGED.items())
    return "| rule | row is | because |\n|---|---|---|\n" + rejected + flagged


@pytest.mark.parametrize(
    ("page", "name", "expected"),
    [("README.md", "commands", commands_table()), ("docs/reference/data-format.md", "rules", rules_table())],
    ids=["commands", "rules"],
)
def test_generated_tables_are_current(page: str, name: str, expected: str) -> None:
    assert section(page, name) == expected, f"put this between the marks in {page}:\n{expected}"


def warning_codes(path: Path) -> Iterator[str]:
    """The codes of the warnings that a module makes, if they are written out there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) != "Warning":
            continue
        code = node.args[0] if node.args else None
        if isinstance(code, ast.Constant) and re.fullmatch("[a-z_]+", str(code.value)):
            yield str(code.value)


def test_explained_warnings_are_those_that_exist() -> None:
    rooms = ("history", "models", "funnel", "training", "serving", "cli")
    said = {code for room in rooms for path in (ROOT / room).rglob("*.py") for code in warning_codes(path)}
    explained = re.findall(r"^\| `(\w+)` \|", section("docs/reference/warnings.md", "warnings"), re.M)
    assert explained == sorted(said | {SUSPECTED, POSSIBLE, MUTABLE})


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    for name, rest in SHOWN.findall(page.read_text(encoding="utf-8")):
        assert name in COMMANDS, f"leadcast {name}"
        words, shown = rest.split(), command(name)
        if isinstance(shown, click.Group) and words and words[0] in shown.commands:
            shown = shown.commands[words[0]]
        known = {option for parameter in shown.params for option in parameter.opts} | {"--help"}
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= known, f"leadcast {name}: {given - known}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_make_target_shown_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    shown = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M))
    assert shown <= targets


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_source_file_shown_exists(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return  # names what was
    rooms = "history|features|models|funnel|training|simulation|serving|cli|leadcast|tests|benchmarks"
    shown = re.findall(rf"`((?:{rooms})/[\w/.-]+\.(?:py|html|css|js))`", page.read_text(encoding="utf-8"))
    hypothetical = {
        "serving/pages/owners.py",
        "serving/pages/templates/owners.html",
        "tests/serving/pages/test_owners.py",
    }
    missing = [path for path in shown if path not in hypothetical and not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_does_and_shows_an_example(name: str) -> None:
    found = command(name)
    text = found.get_help(click.Context(found, info_name=name, parent=CONTEXT))
    assert f"  leadcast {name}" in text
    assert all(p.help for p in found.params if isinstance(p, click.Option))


def test_commands_page_is_current() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert page == commands_page(), "run: python -m cli.commands_page > docs/reference/commands.md"


def test_site_builds_with_every_link_checked(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scripts = {
        script
        for page in tmp_path.rglob("*.html")
        for script in re.findall(
            r'(?:src|rel="stylesheet" href)="(https?:[^"]+)"', page.read_text(encoding="utf-8")
        )
    }
    assert not scripts, "the site loads nothing from another host"

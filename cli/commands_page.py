"""docs/reference/commands.md: every command with its help, options and examples, generated from the code.

Run `python -m cli.commands_page > docs/reference/commands.md` after a change; a test compares the page with the code.
"""

import click

from cli.main import COMMANDS, leadcast

HEAD = """# Commands

`leadcast COMMAND`. This page is generated from the commands themselves; `leadcast COMMAND --help` prints the same.

Text for people and progress go to stderr; `--json` prints one JSON object on stdout. State lives in `.leadcast`,
or in the folder that `LEADCAST_HOME` or `--home DIR` names.

| exit code | meaning |
|---|---|
| 0 | done; warnings do not change it |
| 1 | refused or failed; the message names every problem and what to do |
| 2 | wrong usage |
| 130, 143 | ended by Ctrl-C or SIGTERM |
"""


def page() -> str:
    """The whole page in Markdown."""
    context = click.Context(leadcast, info_name="leadcast")
    sections = [HEAD]
    for name in COMMANDS:
        command = leadcast.get_command(context, name)
        if command is not None:
            sections.append(_section(command, click.Context(command, info_name=name, parent=context)))
    return "\n".join(sections)


def _section(command: click.Command, context: click.Context, level: int = 2) -> str:
    text, _, examples = (command.help or "").partition("\b\n")
    lines = [f"{'#' * level} {context.command_path}", "", _paragraphs(text)]
    if examples:
        body = "\n".join(line.strip() for line in examples.splitlines()[1:] if line.strip())
        lines += ["", "```sh", body, "```"]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        lines += ["", "| option | does |", "|---|---|", *(_row(option, context) for option in options)]
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            lines += ["", _section(below, click.Context(below, info_name=name, parent=context), level + 1)]
    return "\n".join([*lines, ""])


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context) or ("", "")
    name, text = (cell.replace("|", "\\|") for cell in record)
    return f"| `{name}` | {text} |"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201

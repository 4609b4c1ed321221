"""The page of commands: every command, option and example; a cell never breaks its table."""

import click

from cli.commands_page import _row, _section, page
from cli.main import COMMANDS, leadcast


def test_every_command_and_option_has_its_place() -> None:
    text = page()
    context = click.Context(leadcast)
    for name in COMMANDS:
        assert f"\n## leadcast {name}\n" in text
        command = leadcast.get_command(context, name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[-1] in text
    assert text == page()


def test_bar_in_a_help_text_is_escaped() -> None:
    option = click.Option(["--period"], type=click.Choice(["week", "month"]), help="One | two.")
    row = _row(option, click.Context(click.Command("x")))
    assert row.replace("\\|", "").count("|") == 3


def test_examples_are_a_block_of_shell() -> None:
    command = click.Command(
        "x", help="Does it.\n\nMore of it.\n\n\b\nExamples:\n  leadcast x\n  leadcast x --y"
    )
    text = _section(command, click.Context(command, info_name="x"))
    assert "Does it.\n\nMore of it." in text
    assert "```sh\nleadcast x\nleadcast x --y\n```" in text

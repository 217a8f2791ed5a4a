"""Groups of commands below `clusterkpi`: one module a group, each with a typer `app`.

Belongs here: arguments, printing, exit codes of a group. Does not belong here: what a command
does (importable code elsewhere); the commands without a group (`cli`).
"""

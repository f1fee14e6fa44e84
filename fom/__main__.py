"""`python -m fom …`: the command line."""

from fom.cli import main

main(prog_name="fom")

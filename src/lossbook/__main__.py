"""`python -m lossbook`: the command `lossbook`."""

from .cli import main

if __name__ == "__main__":  # processes that are spawned import this module too
    raise SystemExit(main())

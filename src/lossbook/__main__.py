"""`python -m lossbook`."""

from .cli import main

raise SystemExit(main())

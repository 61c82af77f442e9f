"""The JavaScript target: its table of operations, its prelude and the modules around them."""

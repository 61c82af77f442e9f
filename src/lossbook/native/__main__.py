"""`python -m lossbook.native`, until `lossbook kernels` replaces it."""

import argparse
import sys

from .command import run

if __name__ == "__main__":
    sys.exit(run(argparse.Namespace()))

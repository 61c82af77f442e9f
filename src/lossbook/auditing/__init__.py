"""The audit: measures any implementation of a loss.

The reference values have 50 digits.
"""

from .adapters import ADAPTERS, Adapter, AdapterError
from .findings import SEVERITIES, Accuracy, Example, Finding
from .report import Report
from .run import audit

__all__ = [
    "ADAPTERS",
    "SEVERITIES",
    "Accuracy",
    "Adapter",
    "AdapterError",
    "Example",
    "Finding",
    "Report",
    "audit",
]

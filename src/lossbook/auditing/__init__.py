"""The audit: any implementation of a loss, measured against 50-digit reference values."""

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

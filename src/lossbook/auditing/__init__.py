"""The audit: any implementation of a loss, measured against 50-digit truth."""

from .adapters import ADAPTERS, Adapter, AdapterError
from .report import SEVERITIES, Accuracy, Example, Finding, Report
from .run import audit

__all__ = ["ADAPTERS", "SEVERITIES", "Accuracy", "Adapter", "AdapterError", "Example", "Finding", "Report", "audit"]

"""Audit other people's losses, and write what was found where the chapter reads it.

python tools/audit_peers.py [--output chapters/data/peers.json] [name ...]

Needs, beside this package: torchvision, keras, optax, segmentation-models-pytorch, and what they
need but for torch. Install them with `pip install --no-deps` into an environment of their own.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import warnings
from pathlib import Path

import torch

from lossbook.auditing import audit

OUTPUT = Path(__file__).parent.parent / "chapters" / "data" / "peers.json"
OPTIONS = {"samples": 0, "dtypes": ("float32",)}
FOCAL = {"gamma": (0.5, 2.0)}
# name: package, object, loss, adapter, options
PEERS = {
    "torchvision.ops.sigmoid_focal_loss": ("torchvision", "sigmoid_focal", "torchvision", FOCAL),
    "segmentation_models_pytorch.losses.FocalLoss": (
        "segmentation-models-pytorch",
        "sigmoid_focal",
        "smp",
        FOCAL,
    ),
    "keras.losses.BinaryFocalCrossentropy": ("keras", "sigmoid_focal", "keras-elements", FOCAL),
    "keras.losses.CategoricalFocalCrossentropy": ("keras", "softmax_focal", "keras", FOCAL),
    "optax.losses.sigmoid_focal_loss": ("optax", "sigmoid_focal", "optax-elements", FOCAL),
    "optax.losses.softmax_cross_entropy_with_integer_labels": (
        "optax",
        "cross_entropy_index",
        "optax",
        {},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("names", nargs="*", default=list(PEERS))
    arguments = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "torch"
    _declare_operators()
    reports = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    for name in arguments.names:
        package, loss, adapter, options = PEERS[name]
        module, _, attribute = name.rpartition(".")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = getattr(importlib.import_module(module), attribute)
        framework = "jax" if package == "optax" else "torch"
        report = audit(
            function, loss, adapter, framework=framework, name=name, **OPTIONS, **options
        ).to_dict()
        version = importlib.metadata.version(package)
        reports[name] = report | {"versions": {**report["versions"], package: version}}
        arguments.output.write_text(
            json.dumps(dict(sorted(reports.items())), indent=1, ensure_ascii=False) + "\n"
        )
        print(name, [f["id"] for f in report["findings"]], flush=True)


def _declare_operators() -> None:
    """Declare the operators that torchvision expects: a build of torch for CPUs lacks them."""
    global library
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


if __name__ == "__main__":
    main()

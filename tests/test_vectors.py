"""The published test vectors: their schema, their size, that they come out again byte for byte, and that ours pass them."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

import lossbook.torch as ours
import vectors
from lossbook import losses

FOLDER = Path(vectors.OUTPUT).parent
WRITTEN = vectors.OUTPUT.read_text(encoding="utf-8")
PUBLISHED = json.loads(WRITTEN)
SCHEMA = json.loads((FOLDER / "vectors.schema.json").read_text())
FUNCTIONS = {
    "binary_cross_entropy": ours.binary_cross_entropy_with_logits,
    "cross_entropy_index": ours.cross_entropy,
    **{n: getattr(ours, n) for n in ("cross_entropy", "softmax", "log_softmax", "sigmoid")},
    **{
        n: getattr(ours, f"{n}_loss")
        for n in ("mse", "sigmoid_mse", "softmax_mse", "sigmoid_focal", "softmax_focal")
    },
}


def test_they_keep_their_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(PUBLISHED, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"value": 0.5},
        {"value": "half"},
        {"gradient": None},
        {"logits": "0.5"},
        {"extra": 1},
        {"vjp": "1", "grad_output": 1},
    ],
)
def test_the_schema_refuses(change):
    one = PUBLISHED["losses"]["mse"]
    broken = {**PUBLISHED, "losses": {"mse": {**one, "vectors": [{**one["vectors"][0], **change}]}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)


def test_every_loss_has_some_and_they_are_small():
    assert set(PUBLISHED["losses"]) == set(losses.names())
    assert len(WRITTEN.encode()) < 300_000


@pytest.mark.parametrize(
    "name", ["binary_cross_entropy", "cross_entropy_index", "log_softmax", "mse"]
)
def test_they_come_out_again(name):
    again = vectors.text(vectors.document([name])).splitlines()[1:-1]
    assert "\n".join(again) in WRITTEN


@pytest.mark.parametrize("name", losses.names())
def test_ours_pass(name):
    for vector in PUBLISHED["losses"][name]["vectors"]:
        z = torch.tensor([vector["logits"]], dtype=torch.float64, requires_grad=True)
        options = {
            k: torch.tensor(v) if isinstance(v, list) else v
            for k, v in vector.get("parameters", {}).items()
        }
        if name == "binary_cross_entropy":
            options = {k: torch.tensor(v) for k, v in options.items()}
        truth = {
            k: np.array(vector[k], dtype=np.float64)
            for k in ("value", "gradient", "hvp", "vjp")
            if k in vector
        }
        if "vjp" in vector:
            value = FUNCTIONS[name](z)
            weights = torch.tensor([vector["grad_output"]], dtype=torch.float64)
            found = {"value": value, "vjp": torch.autograd.grad(value, z, weights)[0]}
        else:
            targets = torch.tensor([vector["targets"]])
            if targets.is_floating_point():
                targets = targets.double()
            value = FUNCTIONS[name](z, targets, reduction="none", **options)
            (gradient,) = torch.autograd.grad(value.sum(), z, create_graph=True)
            (hvp,) = torch.autograd.grad(
                (gradient * torch.tensor(vector["tangent"]).double()).sum(), z
            )
            found = {"value": value, "gradient": gradient, "hvp": hvp}
        for key, true in truth.items():
            got = found[key].detach().numpy()[0]
            room = (
                1e-14 * np.max(vector["tangent"]) if key == "hvp" else 5e-324
            )  # its terms, of the tangent's size, cancel
            np.testing.assert_allclose(
                got, true, rtol=1e-12, atol=room, err_msg=f"{key} of {vector}"
            )

"""The stored reports of other libraries keep the schema, and say what the chapter says of them."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema

import audit_peers

SCHEMA = json.loads((files("lossbook.auditing") / "report.schema.json").read_text())
STORED = json.loads(audit_peers.OUTPUT.read_text(encoding="utf-8"))


def test_they_are_those_of_the_tool():
    assert set(STORED) == set(audit_peers.PEERS)
    assert Path(__file__).parents[2] / "chapters" / "data" / "peers.json" == audit_peers.OUTPUT


def test_they_keep_the_schema():
    for name, report in STORED.items():
        jsonschema.validate(report, SCHEMA)
        assert report["versions"][audit_peers.PEERS[name][0]], name


def test_torchvision_has_no_gradient_at_half_gamma():
    report = STORED["torchvision.ops.sigmoid_focal_loss"]
    finding = next(f for f in report["findings"] if f["id"] == "non-finite-gradient")
    assert finding["where"]["gammas"] == [0.5]


def test_optax_was_fixed():
    assert not any(
        f["id"].startswith("non-finite")
        for f in STORED["optax.losses.sigmoid_focal_loss"]["findings"]
    )

"""The files around the code agree with each other and with the code: versions, links, forms, workflows."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import lossbook

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = [p for p in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")) if p.stem != "config"]


# -- versions and addresses --------------------------------------------------------------------------


def test_versions_agree():
    assert PROJECT["version"] == lossbook.__version__ == CFF["version"]
    assert f"## {PROJECT['version']}" in CHANGELOG


def faults_of_urls(urls: dict[str, str] | None, config) -> list[str]:
    """Where `[project.urls]` and the addresses in _config.yml disagree."""
    source, site = config["repository"]["url"], config["html"]["baseurl"]
    if not source and not site:
        return ["there is no address yet"] if urls else []
    wanted = {
        "Source": source,
        "Documentation": site,
        "Issues": f"{source}/issues" if source else "",
    }
    return [
        f"{name} should be {url}"
        for name, url in wanted.items()
        if url and (urls or {}).get(name) != url
    ]


def test_addresses_agree():
    assert faults_of_urls(PROJECT.get("urls"), CONFIG) == []


@pytest.mark.parametrize(
    ("urls", "source", "site", "number"),
    [
        ({"Source": "https://host/book"}, "", "", 1),
        (None, "https://host/book", "https://host/site/", 3),
        ({"Source": "https://host/other"}, "https://host/book", "", 2),
        (
            {"Source": "https://host/book", "Issues": "https://host/book/issues"},
            "https://host/book",
            "",
            0,
        ),
    ],
)
def test_a_wrong_address_is_noticed(urls, source, site, number):
    config = {"repository": {"url": source}, "html": {"baseurl": site}}
    assert len(faults_of_urls(urls, config)) == number


def test_supported_versions():
    assert PROJECT["requires-python"] == ">=3.11"
    assert "sympy>=1.13.1" in PROJECT["dependencies"]
    assert PROJECT["optional-dependencies"]["torch"] == ["torch>=2.4"]
    oldest = (ROOT / ".github/workflows/test.yml").read_text("utf-8")
    assert 'sympy: "==1.13.1", torch: "==2.4.*"' in oldest
    assert 'python: "3.13"' in oldest


# -- documents ---------------------------------------------------------------------------------------


def broken_links(text: str, folder: Path) -> list[str]:
    """The relative links of a Markdown file that lead to no file, and the commands that the Makefile does not have."""
    links = re.findall(r"\]\(([^)#\s]+)", text)
    found = [link for link in links if "://" not in link and not (folder / link).exists()]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    commands = re.findall(r"(?:^    |`)make ([a-z]+(?: [a-z]+)*)", text, re.MULTILINE)
    return found + [f"make {t}" for c in commands for t in c.split() if t not in targets]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_of_documents(name):
    assert broken_links((ROOT / name).read_text("utf-8"), ROOT) == []


def test_a_broken_link_is_noticed():
    text = "[a](nowhere.md) [b](README.md#x) [c](https://host/) `make nothing`\n\n    make env   # it\n"
    assert broken_links(text, ROOT) == ["nowhere.md", "make nothing"]


def missing_paths(text: str) -> list[str]:
    """The paths in backticks that exist neither in the repository nor in the package."""
    paths = re.findall(r"`([\w./]+/[\w./]*|[\w/]+\.(?:py|md|yml|toml|bib))`", text)
    roots = (
        ROOT,
        ROOT / "src/lossbook",
        ROOT / "src/lossbook/calculus",
        ROOT / ".github/workflows",
    )
    return [path for path in paths if not any((root / path).exists() for root in roots)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_in_documents_exist(name):
    assert missing_paths((ROOT / name).read_text("utf-8")) == []


def test_a_missing_path_is_noticed():
    assert missing_paths("`tests/nowhere/` and `nothing.py`, `README.md`") == [
        "tests/nowhere/",
        "nothing.py",
    ]


# -- what the host reads -----------------------------------------------------------------------------


def faults_of_workflow(workflow: dict) -> list[str]:
    found = []
    if workflow.get("permissions") != {"contents": "read"}:
        found.append("its permissions should be those to read, and a job should ask for more")
    for name, job in workflow["jobs"].items():
        if "timeout-minutes" not in job:
            found.append(f"{name} has no time limit")
        for step in job["steps"]:
            checkout = step.get("uses", "").startswith("actions/checkout@")
            if checkout and step.get("with", {}).get("persist-credentials") is not False:
                found.append(f"{name} keeps the credentials of its checkout")
            if "${{" in step.get("run", ""):
                found.append(f"{name} pastes an expression into a script")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_careful(path):
    assert faults_of_workflow(yaml.safe_load(path.read_text("utf-8"))) == []


def test_a_careless_workflow_is_noticed():
    steps = [{"uses": "actions/checkout@v5"}, {"run": "echo ${{ github.head_ref }}"}]
    assert len(faults_of_workflow({"jobs": {"a": {"steps": steps}}})) == 4


def test_workflows_call_targets_of_the_makefile():
    commands = [
        step["run"]
        for path in WORKFLOWS
        for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith("make ")
    ]
    assert commands
    assert [broken_links(f"`{command}`", ROOT) for command in commands] == [[]] * len(commands)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_form_has_what_it_needs(path):
    form = yaml.safe_load(path.read_text("utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    assert any(field.get("validations", {}).get("required") for field in form["body"])


def test_there_are_the_three_forms():
    names = {yaml.safe_load(path.read_text("utf-8"))["name"] for path in FORMS}
    assert {"I found a wrong line", "My loss is not derived", "A cell does not run"} <= names

"""Arguing with the book in the page: what a reader types is read, judged, kept and exported. The network is closed."""

import json

import pytest
from playwright.sync_api import expect

from lossbook.exercises.command import grade
from reader import Reader

PAGE, ANSWER, STEPS = "chapters/cross_entropy.html", "ce-class-index", "ce-gradient"


@pytest.fixture(scope="module")
def reader(browser, site):
    reader = Reader(browser, site, PAGE)
    yield reader
    assert reader.outside == []
    assert reader.faults == []
    reader.close()


def widget(reader, name):
    return reader.page.locator(f'.lossbook-exercise[data-exercise="{name}"]')


def verdict(place):
    return place.get_by_role("status", name="Verdict")


def type_in(place, text):
    place.get_by_role("textbox").fill(text)


def judge(place, text):
    type_in(place, text)
    place.get_by_role("button", name="Judge").click()
    found = verdict(place).locator(".lb-verdict")
    expect(found).to_be_visible()
    return found


def test_before_python_is_there_the_page_says_what_will_come(reader):
    place = widget(reader, ANSWER)
    expect(place.get_by_role("textbox", name="Your answer")).to_be_visible()
    expect(widget(reader, STEPS).get_by_role("textbox", name="Your derivation")).to_be_visible()
    type_in(place, "p[j]")
    expect(place.locator(".lb-preview")).to_contain_text("loads Python")
    assert not [path for path in reader.requests if "pyodide" in path]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("w_t*(p[j] - delta(j, t))", "right", "Right"),
        (
            r"w_t p_j (1 - \delta_{jt}) - w_t (1 - p_j) \delta_{jt}",
            "right",
            "Right",
        ),  # equal, and not the printed form
        ("p[j] - delta(j, t)", "mistake", "factor"),
        ("w_t*(delta(j, t) - p[j])", "mistake", "sign"),
        ("w_t*(p[j]**2 - delta(j, t))", "wrong", "your answer is"),
        ("w_t*(p[j] - ", "malformed", "Column"),
        ("v[j]", "unknown", "The vector v"),
    ],
)
def test_an_answer_is_judged(reader, text, kind, words):
    found = judge(widget(reader, ANSWER), text)
    expect(found).to_have_class(f"lb-verdict lb-{kind}")
    expect(found).to_contain_text(words)


def test_the_preview_follows_the_keys(reader):
    place = widget(reader, ANSWER)
    type_in(place, "w_t*(p[j] - delta(j, t))")
    expect(place.locator(".lb-preview mjx-container")).to_be_visible()
    type_in(place, "w_t*(p[j] -")
    expect(place.locator(".lb-preview")).to_contain_text("Column")
    expect(verdict(place)).to_be_empty()  # it spoke of another text


def test_the_first_wrong_line_is_told(reader):
    place = widget(reader, STEPS)
    found = judge(
        place, "-sum(y[k]*(delta(j, k) - p[j]), k)\n= -y[j] + p[j]*sum(y[k], k)\n= p[j] - y[j]"
    )
    expect(found).to_have_class("lb-verdict lb-right")
    found = judge(place, "-sum(y[k]*(delta(j, k) - p[j]), k)\n= y[j] - p[j]\n= p[j] - y[j]")
    expect(found).to_contain_text("Line 2")
    expect(found.locator("li")).to_have_count(2)


def test_hints_come_one_by_one(reader):
    place = widget(reader, STEPS)
    expect(place.locator("details:visible")).to_have_count(0)
    place.get_by_role("button", name="Hint").click()
    expect(place.locator("details[open]:visible")).to_have_count(1)
    expect(place.get_by_text("Every")).to_be_visible()
    place.get_by_role("button", name="Hint").click()
    expect(place.locator("details[open]:visible")).to_have_count(2)


def test_it_works_by_keyboard(reader):
    place = widget(reader, ANSWER)
    place.get_by_role("textbox").focus()
    keyboard = reader.page.keyboard
    keyboard.press("Control+a")
    keyboard.type("p[j]")
    keyboard.press("Enter")
    expect(verdict(place).locator(".lb-verdict")).to_be_visible()
    focused = reader.page.locator(":focus")
    passed = []
    while (
        "Export my answers" not in passed and len(passed) < 9
    ):  # the formulas of preview and verdict take the focus too
        keyboard.press("Tab")
        passed.append(focused.inner_text())
    assert [name for name in passed if name in ("Judge", "Hint", "Clear", "Export my answers")] == [
        "Judge",
        "Hint",
        "Clear",
        "Export my answers",
    ]


def test_work_is_kept_and_exported_as_the_grader_reads_it(reader):
    judge(widget(reader, ANSWER), "w_t*(p[j] - delta(j, t))")
    reader.page.reload(wait_until="networkidle")
    expect(widget(reader, ANSWER).get_by_role("textbox")).to_have_value("w_t*(p[j] - delta(j, t))")
    with reader.page.expect_download() as download:
        widget(reader, ANSWER).get_by_role("button", name="Export my answers").click()
    entries = json.loads(download.value.path().read_text())
    assert {entry["exercise"]: entry["verdict"] for entry in entries} == {
        ANSWER: "right",
        STEPS: "mistake",
    }
    assert {entry["exercise"]: v.right for entry, v in grade(entries)} == {
        ANSWER: True,
        STEPS: False,
    }


def test_what_is_cleared_is_forgotten(reader):
    place = widget(reader, ANSWER)
    place.get_by_role("button", name="Clear").click()
    expect(place.get_by_role("textbox")).to_have_value("")
    assert reader.page.evaluate(f"localStorage.getItem('lossbook-exercise:{ANSWER}')") is None


def test_an_answer_that_changes_while_it_is_judged_gets_no_verdict(reader):
    place = widget(reader, ANSWER)
    type_in(place, "w_t*(p[j] - delta(j, t))")
    place.get_by_role("button", name="Judge").click()
    type_in(place, "p[j]")
    expect(verdict(place)).to_contain_text("Judge it again")
    expect(verdict(place).locator(".lb-verdict")).to_have_count(0)

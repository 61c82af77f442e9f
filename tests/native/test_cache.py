"""Compiled kernels are made once, whole, by whoever comes first; without a compiler everything works, after one notice."""

import os
import subprocess
import sys

import pytest

from lossbook.native import cache, compiler

LOAD = """
import warnings
warnings.simplefilter("always")
from lossbook import native
kernel = native.kernel("mse")
native.kernel("mse"), native.kernel("sigmoid_mse")
status = native.status()
print(kernel is not None, status.available, status.reason)
"""


def process(folder, **environment):
    env = {**os.environ, "LOSSBOOK_CACHE": str(folder), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", LOAD],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(started):
    out, err = started.communicate(timeout=300)
    assert started.returncode == 0, err
    return out.strip(), err


def test_processes_that_come_first_at_once(tmp_path):
    for started in [process(tmp_path) for _ in range(4)]:
        out, err = outcome(started)
        assert out.startswith("True True")
        assert not err
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".so", ".so"]


def test_a_file_that_was_cut_short_is_made_again(tmp_path):
    outcome(process(tmp_path))
    files = sorted(tmp_path.iterdir())
    before = [file.read_bytes() for file in files]
    for file, content in zip(files, before, strict=True):
        file.write_bytes(content[: len(content) // 2])
    out, err = outcome(process(tmp_path))
    assert out.startswith("True True")
    assert not err
    assert all(
        len(file.read_bytes()) >= len(content) // 2
        for file, content in zip(files, before, strict=True)
    )
    assert all(cache.is_intact(file) for file in files)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"PATH": "", "CXX": ""}, "there is no C++ compiler"),
        ({"CXX": "/no/such/compiler"}, "/no/such/compiler is not on the path"),
        ({"CXX": "false"}, "false refused"),
        ({"LOSSBOOK_CACHE": "/proc/no-such-folder"}, "No such file or directory"),
    ],
)
def test_without_kernels_there_is_one_notice_that_says_why(tmp_path, environment, reason):
    out, err = outcome(process(tmp_path, **environment))
    assert out.startswith("False False")
    assert reason in out
    assert err.count("RuntimeWarning") == 1
    assert reason in err
    assert not list(tmp_path.iterdir())


def test_it_can_be_switched_off(tmp_path):
    out, err = outcome(process(tmp_path, LOSSBOOK_NATIVE="0"))
    assert out == "False False switched off by LOSSBOOK_NATIVE=0"
    assert not err


def test_without_openmp_one_thread_does_it_all(tmp_path):
    refuses = tmp_path / "cxx"
    refuses.write_text('#!/bin/sh\ncase " $* " in *" -fopenmp "*) exit 1 ;; esac\nexec c++ "$@"\n')
    refuses.chmod(0o755)
    out, err = outcome(process(tmp_path / "kept", CXX=str(refuses)))
    assert out == "True True no OpenMP: one thread"
    assert not err


FORKED = """
import multiprocessing
import numpy as np
from lossbook import native
from lossbook.numpy import mse_loss

def value(_):
    return float(mse_loss(np.ones((1000, 200), np.float32), np.zeros((1000, 200), np.float32)))

here = value(0)
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(native.status().loaded, {here} == set(pool.map(value, range(4))))
"""


FIRST_IN_THE_CHILD = """
import multiprocessing
import numpy as np
import torch
from lossbook import native
from lossbook.numpy import mse_loss

def value(_):
    return float(mse_loss(np.ones((1000, 200), np.float32), np.zeros((1000, 200), np.float32)))

torch.ones(1000, 1000).exp_().sum()  # starts the threads
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(native.status().loaded, set(pool.map(value, range(4))))
"""


def test_a_forked_process_that_comes_first():
    env = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_IN_THE_CHILD],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "() {1.0}", done.stderr


def test_a_forked_process_does_without_the_threads_of_its_parent():
    env = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", FORKED], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "('mse',) True", done.stderr


def test_the_key_names_source_flags_and_processor(monkeypatch):
    keys = {compiler.key("a"), compiler.key("b")}
    monkeypatch.setattr(compiler, "processor", lambda: "another")
    keys.add(compiler.key("a"))
    monkeypatch.setattr(compiler, "compiler", lambda: ("cc", "-O1"))
    keys.add(compiler.key("a"))
    assert len(keys) == 4


def test_nothing_is_left_of_a_write_that_failed(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBOOK_CACHE", str(tmp_path))

    def fails(*_):
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no room"):
        cache.get_or_build("key", lambda: b"x")
    assert not list(tmp_path.iterdir())

import gc
import sys
from typing import Any, cast

import pytest

from codex_trio.util.importing import imported_on_use, stand_in, without, without_collections


def test_a_stand_in_is_the_module_once_it_is_used():
    found = sys.modules.pop("this_is_used_late", None)
    assert found is None
    name = "wsgiref.util"
    sys.modules.pop(name, None)
    with imported_on_use(name):
        stand_in = sys.modules[name]
    assert name not in sys.modules
    guess_scheme = stand_in.guess_scheme
    assert guess_scheme is sys.modules[name].guess_scheme


def test_a_stand_in_that_is_used_at_once_is_the_module_too():
    sys.modules.pop("wsgiref.util", None)
    with imported_on_use("wsgiref.util"):
        import wsgiref.util

        name = wsgiref.util.guess_scheme.__module__
    assert name == "wsgiref.util"
    assert "wsgiref.util" in sys.modules
    with pytest.raises(AttributeError):
        cast("Any", wsgiref.util).no_such_name  # noqa: B018


def test_a_stand_in_answers_for_the_module_only_in_its_block():
    sys.modules.pop("wsgiref.util", None)
    answers = {"guess_scheme": lambda environ: "mine" if environ == "known" else NotImplemented}
    with stand_in("wsgiref.util", answers):
        import wsgiref.util

        in_block = cast("Any", wsgiref.util)
        assert in_block.guess_scheme("known") == "mine"
        assert "wsgiref.util" in sys.modules
    assert in_block.guess_scheme({"HTTPS": "on"}) == "https"
    sys.modules.pop("wsgiref.util", None)
    with stand_in("wsgiref.util", answers):
        import wsgiref.util

        assert wsgiref.util.guess_scheme({"HTTPS": "1"}) == "https", "of the module itself"


def test_what_is_left_out_is_not_found_in_the_block_alone():
    sys.modules.pop("wsgiref.util", None)
    with without("wsgiref.util", "sys"):
        with pytest.raises(ImportError):
            import wsgiref.util
        assert sys.modules["sys"] is sys
    import wsgiref.util

    assert wsgiref.util.guess_scheme({}) == "http"


def test_a_module_that_is_there_stays():
    with imported_on_use("json"):
        import json

        there = sys.modules["json"]
    assert sys.modules["json"] is there is json


def test_collections_go_on_after_imports():
    assert gc.isenabled()
    with without_collections():
        assert not gc.isenabled()
        with without_collections():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()

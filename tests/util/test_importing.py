import gc
import sys

from codex_trio.util.importing import imported_on_use, without_collections


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

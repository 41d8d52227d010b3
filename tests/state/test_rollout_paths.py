"""Rollout files are found by thread id wherever they are, and move into and out of the archive."""

from pathlib import Path

import pytest
from rollout_lab import CREATED_MS

from codex_trio.domain.ids import created_ms, is_uuid, uuid7
from codex_trio.state.rollout.paths import ArchiveError, RolloutName, RolloutPaths

THREAD = "01a20340-e350-7ad0-9360-81adfe7f6dc5"
SEGMENT = "01a20347-36e6-78c3-ae4b-0e61ad1bed8f"


def make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}\n")
    return path


def test_a_file_name_tells_its_thread_and_segment() -> None:
    assert RolloutName.parse(f"rollout-2026-11-22T12-35-13-{THREAD}.jsonl") == RolloutName(
        "2026-11-22T12-35-13", THREAD
    )
    segment = f"rollout-2026-11-22T12-35-13-{THREAD}_{SEGMENT}.jsonl"
    assert RolloutName.parse(segment) == RolloutName("2026-11-22T12-35-13", THREAD, SEGMENT)
    assert RolloutName("2026-11-22T12-35-13", THREAD, SEGMENT).file_name == segment
    for other in (
        "rollout-2026-11-22T12-35-13.jsonl",
        f"{THREAD}.jsonl",
        f"rollout-2026-11-22T12-35-13-{THREAD}.jsonl.tmp",
    ):
        assert RolloutName.parse(other) is None


def test_a_thread_is_found_in_the_folder_of_its_day_and_in_any_other(tmp_path: Path) -> None:
    paths = RolloutPaths(tmp_path)
    thread_id = uuid7()
    made = created_ms(thread_id)
    assert made is not None
    usual = make(paths.new_path(thread_id, created_ms=made))
    found = paths.find(thread_id.upper())
    assert found is not None
    assert (found.path, found.is_archived) == (usual, False)

    elsewhere = paths.sessions / "2020/01/01" / usual.name
    make(elsewhere)
    usual.unlink()
    found = paths.find(thread_id)
    assert found is not None
    assert found.path == elsewhere
    assert paths.find(uuid7()) is None


def test_a_thread_that_was_cut_back_is_found_in_its_latest_file(tmp_path: Path) -> None:
    paths = RolloutPaths(tmp_path)
    first = make(paths.new_path(THREAD, created_ms=CREATED_MS))
    later = make(paths.new_path(THREAD, created_ms=CREATED_MS + 90_000_000, segment_id=SEGMENT))
    found = paths.find(THREAD)
    assert found is not None
    assert found.path == later
    assert paths.locate_base(THREAD, frozenset({later})) == first


def test_archiving_moves_all_of_a_thread_and_unarchiving_puts_it_back(tmp_path: Path) -> None:
    paths = RolloutPaths(tmp_path)
    first = make(paths.new_path(THREAD, created_ms=CREATED_MS))
    later = make(paths.new_path(THREAD, created_ms=CREATED_MS + 90_000_000, segment_id=SEGMENT))
    with pytest.raises(ArchiveError, match=f"no archived rollout found for thread id {THREAD}"):
        paths.unarchive(THREAD)

    assert paths.archive(THREAD) == tmp_path / "archived_sessions" / later.name
    assert not first.exists()
    assert {file.path.name for file in paths.scan(archived=True)} == {first.name, later.name}
    found = paths.find(THREAD)
    assert found is not None
    assert found.is_archived
    assert paths.find(THREAD, archived=False) is None
    with pytest.raises(ArchiveError, match=f"no rollout found for thread id {THREAD}"):
        paths.archive(THREAD)

    assert paths.unarchive(THREAD) == later
    assert first.exists()
    assert list(paths.scan(archived=True)) == []


def test_ids_made_later_sort_later_and_tell_when_they_were_made() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(is_uuid(one) for one in made)
    assert created_ms(THREAD) == 0x01A20340E350
    assert created_ms("not an id") is None
    assert created_ms("037fd806-f7cf-4dfa-add8-8aef95396688") is None
    assert not is_uuid(THREAD.replace("-", ""))

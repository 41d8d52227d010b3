"""Which folder counts as the root around a folder."""

from codex_trio.config.project import PLACEHOLDER_MODE, git_root, git_root_for_trust, project_root


def test_a_folder_belongs_to_the_nearest_work_tree_above_it(tmp_path):
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    inner = tmp_path / "repo" / "sub"
    inner.mkdir()
    assert git_root(inner) == git_root_for_trust(inner) == project_root(inner, [".git"]) == tmp_path / "repo"


def test_a_placeholder_that_protects_a_shared_folder_makes_no_repository_of_what_is_below(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git").chmod(PLACEHOLDER_MODE)
    inner = tmp_path / "mine"
    inner.mkdir()
    outside = {git_root(tmp_path), git_root_for_trust(tmp_path)}
    assert git_root(inner) in outside
    assert tmp_path not in outside
    assert project_root(inner, [".git"]) != tmp_path

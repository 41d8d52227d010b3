"""The tables of the state database, as numbered steps from nothing to today's.

Owns the schema. A step, once released, never changes; a new one goes to the end. `PRAGMA user_version` says how many
have been taken.

Times are Unix milliseconds unless a column says otherwise. Thread ids are in lower case.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio.state.db.errors import StateDbTooNew
from codex_trio.state.db.state_db import Transaction

# A row a rollout file. `path` is relative to CODEX_HOME where the file is below it. `inode`, `size` and `mtime_ns` are
# the file's when it was read: a file that moved on since is read again. Of a file that was not read yet only the name
# is known, and its time of change. `thread_id` is what the file says, or else its name. `facts` is JSON
# (index/rows.py), null for a file that holds no thread. `is_listable`: somebody has said something in it. `is_listed`:
# it is also the file that its thread goes on in.
_ROLLOUTS = """
CREATE TABLE rollouts (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL,
    file_name TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    is_archived INTEGER NOT NULL,
    is_read INTEGER NOT NULL,
    is_named_for_thread INTEGER NOT NULL,
    is_listable INTEGER NOT NULL,
    is_listed INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    source_kind TEXT NOT NULL,
    model_provider TEXT,
    cwd TEXT NOT NULL,
    real_cwd TEXT NOT NULL,
    parent_thread_id TEXT,
    preview TEXT NOT NULL,
    facts BLOB
) STRICT;
CREATE INDEX rollouts_thread ON rollouts (thread_id);
CREATE INDEX rollouts_folder ON rollouts (folder);
CREATE INDEX rollouts_unread_name ON rollouts (is_archived, file_name) WHERE NOT is_read;
CREATE INDEX rollouts_unread_mtime ON rollouts (is_archived, mtime_ns) WHERE NOT is_read;
CREATE INDEX rollouts_mtime ON rollouts (mtime_ns);
CREATE INDEX rollouts_parent ON rollouts (parent_thread_id) WHERE parent_thread_id IS NOT NULL;
CREATE INDEX rollouts_created ON rollouts (
    is_archived, created_at_ms, thread_id, source_kind, model_provider, real_cwd, cwd
) WHERE is_listed;
CREATE INDEX rollouts_updated ON rollouts (
    is_archived, updated_at_ms, thread_id, source_kind, model_provider, real_cwd, cwd
) WHERE is_listed;
"""

# The folders that rollout files are in, with their time of change when their names were last read.
_FOLDERS = """
CREATE TABLE folders (
    path TEXT PRIMARY KEY,
    mtime_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Small facts about the index itself, by name.
_MARKS = """
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Who does work for all. Not used any more: a lock that the kernel frees says so (index/lock.py).
_LEASES = """
CREATE TABLE leases (
    job TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Who started whom. `status` is `open` or `closed`.
_SPAWN_EDGES = """
CREATE TABLE spawn_edges (
    child_thread_id TEXT PRIMARY KEY,
    parent_thread_id TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spawn_edges_parent ON spawn_edges (parent_thread_id, status);
"""

# From where a thread is unread; `first_unread` is a turn id, empty for the whole thread, null for none of it.
_READ_STATES = """
CREATE TABLE read_states (
    thread_id TEXT PRIMARY KEY,
    first_unread TEXT,
    revision TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Full-text search. The index has no text but where it is: lines of a rollout file, from one byte offset to another.
# `text_size` is the size at which all of a file was indexed, `text_offset` how far that is, of the file `text_inode`.
_SEARCH = """
ALTER TABLE rollouts ADD COLUMN text_size INTEGER NOT NULL DEFAULT -1;
ALTER TABLE rollouts ADD COLUMN text_offset INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollouts ADD COLUMN text_inode INTEGER NOT NULL DEFAULT 0;
CREATE INDEX rollouts_text_behind ON rollouts (created_at_ms) WHERE is_listed AND text_size <> size;
CREATE TABLE text_spans (
    id INTEGER PRIMARY KEY,
    rollout_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    past INTEGER NOT NULL
) STRICT;
CREATE INDEX text_spans_rollout ON text_spans (rollout_id, first);
CREATE VIRTUAL TABLE text_index USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'trigram'
);
CREATE VIRTUAL TABLE text_terms USING fts5vocab (text_index, 'row');
CREATE TRIGGER rollouts_text_gone AFTER DELETE ON rollouts BEGIN
    DELETE FROM text_spans WHERE rollout_id = old.id;
END;
CREATE TRIGGER text_spans_gone AFTER DELETE ON text_spans BEGIN
    DELETE FROM text_index WHERE rowid = old.id;
END;
"""

# Where the turns and items of a big rollout are, by the name of its file, which moves with it (stored_index.py).
_SPANS = """
CREATE TABLE span_indexes (
    file_name TEXT PRIMARY KEY,
    spans BLOB NOT NULL
) STRICT;
"""

# Messages that wait until their thread is free, in the order of `place`. `message` is JSON (local/queues.py). `turn_id`
# is the turn that takes the message up, from before it begins until it has stored the message; else null.
_QUEUED_INPUTS = """
CREATE TABLE queued_inputs (
    id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    message BLOB NOT NULL,
    turn_id TEXT
) STRICT;
CREATE INDEX queued_inputs_thread ON queued_inputs (thread_id, place);
"""

# Projects; `roots` and `metadata` are JSON. `project_keys` has every key that a project was made with, for ever.
_PROJECTS = """
CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    roots TEXT NOT NULL,
    metadata TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE project_keys (
    key TEXT PRIMARY KEY,
    project_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE thread_projects (
    thread_id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_projects_project ON thread_projects (project_id);
"""

# Sections, one of which is always there, and the threads in them. `appearance` is JSON.
_SECTIONS = """
CREATE TABLE sections (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    appearance TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO sections (id, name) VALUES ('01984de2-8f74-7c91-a3b2-5c5e937cf318', 'Pinned');
CREATE TABLE section_threads (
    thread_id TEXT PRIMARY KEY,
    section_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    entered_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX section_threads_order ON section_threads (section_id, position, thread_id);
"""

# What clients attach to threads. `payload` is JSON, `created_at` Unix seconds.
_ATTACHMENTS = """
CREATE TABLE attachments (
    id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    attachment_type TEXT NOT NULL,
    identity_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (thread_id, attachment_type, identity_key)
) STRICT;
CREATE INDEX attachments_order ON attachments (thread_id, created_at, id);
CREATE INDEX attachments_name ON attachments (attachment_type, identity_key, thread_id);
"""

# What threads work towards (state/store/goals.py).
_GOALS = """
CREATE TABLE goals (
    thread_id TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    objective TEXT NOT NULL,
    status TEXT NOT NULL,
    token_budget INTEGER,
    tokens_used INTEGER NOT NULL,
    counted_to INTEGER,
    time_used_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    is_deferred INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# What is remembered of threads, and the work on that (state/store/memories.py).
_MEMORIES = """
CREATE TABLE memories (
    thread_id TEXT PRIMARY KEY,
    source_updated_at_ms INTEGER NOT NULL,
    generated_at_ms INTEGER NOT NULL,
    summary TEXT NOT NULL,
    slug TEXT NOT NULL,
    cwd TEXT NOT NULL,
    path TEXT NOT NULL,
    branch TEXT,
    usage_count INTEGER NOT NULL,
    last_used_at_ms INTEGER,
    consolidated_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE memory_jobs (
    key TEXT PRIMARY KEY,
    wanted INTEGER NOT NULL,
    done INTEGER NOT NULL,
    token TEXT,
    lease_until_ms INTEGER NOT NULL,
    retry_at_ms INTEGER NOT NULL,
    attempts_left INTEGER NOT NULL,
    error TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE memory_summary (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    is_published INTEGER NOT NULL
) STRICT;
"""

STEPS = (
    _ROLLOUTS + _FOLDERS + _MARKS + _LEASES + _SPAWN_EDGES + _READ_STATES,
    _SEARCH,
    _SPANS,
    _QUEUED_INPUTS,
    _PROJECTS + _SECTIONS + _ATTACHMENTS,
    _GOALS,
    _MEMORIES,
)


def version_of(transaction: Transaction) -> int:
    """Return how many steps have been taken; none in a new file."""
    [(version,)] = transaction.rows("PRAGMA user_version")
    return version


def migrate(transaction: Transaction, path: Path) -> None:
    """Bring the tables up to date. Raises StateDbTooNew."""
    version = version_of(transaction)
    if version > len(STEPS):
        raise StateDbTooNew(path, f"has tables of a later release (version {version}, known are {len(STEPS)})")
    for step in STEPS[version:]:
        transaction.script(step)
    if version < len(STEPS):
        transaction.script(f"PRAGMA user_version = {len(STEPS)}")

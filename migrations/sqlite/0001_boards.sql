-- Boards, their logs, and people.
--
-- Ids and chains are blobs of 16 and 8 bytes, times are ms since 1970, modes and states are words so that a
-- host can read them with any SQLite tool. STRICT, because a column that takes anything hides bugs.

-- One row a board: its head. Every commit reads and writes it under the write lock, which is what makes seq
-- dense; `access` (postcard) is here for the same reason: who may draw is decided under that lock.
-- title and mode repeat what the log says, so that lists of boards need not replay it.
CREATE TABLE boards (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    epoch      INTEGER NOT NULL CHECK (epoch > 0),
    head_seq   INTEGER NOT NULL CHECK (head_seq >= 0),
    head_chain BLOB    NOT NULL CHECK (length(head_chain) = 8),
    snap_seq   INTEGER NOT NULL CHECK (snap_seq >= 0),
    -- Ops up to here may be gone: a snapshot at exactly this seq stands for them.
    floor_seq  INTEGER NOT NULL CHECK (floor_seq >= 0),
    title      TEXT    NOT NULL,
    mode       TEXT    NOT NULL CHECK (mode IN ('everyone', 'presenters')),
    owner      BLOB    NOT NULL CHECK (length(owner) = 16),
    access     BLOB    NOT NULL,
    -- readonly: its log was found damaged; nothing may be put after the damage.
    state      TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'readonly')),
    created_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. Clustered by (board, seq), so that a tail is one run of pages. The unique key answers "which seq
-- did my retry get?" and is the last defence against applying an op twice: a bug becomes an error.
CREATE TABLE ops (
    board_id   BLOB    NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL CHECK (seq > 0),
    client_id  BLOB    NOT NULL CHECK (length(client_id) = 16),
    client_seq INTEGER NOT NULL CHECK (client_seq > 0),
    author     BLOB    NOT NULL CHECK (length(author) = 16),
    at_ms      INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    chain      BLOB    NOT NULL CHECK (length(chain) = 8),
    PRIMARY KEY (board_id, seq),
    UNIQUE (board_id, client_id, client_seq)
) STRICT, WITHOUT ROWID;

-- How far each client's queue is in the log. Outlives the ops, so that an old retry is known for what it is.
CREATE TABLE clients (
    board_id        BLOB    NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    client_id       BLOB    NOT NULL CHECK (length(client_id) = 16),
    last_client_seq INTEGER NOT NULL CHECK (last_client_seq > 0),
    person          BLOB    NOT NULL CHECK (length(person) = 16),
    seen_at         INTEGER NOT NULL,
    PRIMARY KEY (board_id, client_id)
) STRICT, WITHOUT ROWID;

-- Whole documents. Not WITHOUT ROWID: bodies are megabytes, and the key alone should stay small to search.
CREATE TABLE snapshots (
    board_id BLOB    NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    epoch    INTEGER NOT NULL CHECK (epoch > 0),
    seq      INTEGER NOT NULL CHECK (seq >= 0),
    chain    BLOB    NOT NULL CHECK (length(chain) = 8),
    sha256   BLOB    NOT NULL CHECK (length(sha256) = 32),
    body     BLOB    NOT NULL,
    PRIMARY KEY (board_id, epoch, seq)
) STRICT;

-- Guests, by the id that their signed cookie holds.
CREATE TABLE people (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    colour     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

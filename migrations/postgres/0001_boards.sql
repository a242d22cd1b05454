-- Boards, their logs, and people.
--
-- Ids and chains are bytea of 16 and 8 bytes, times are ms since 1970, modes and states are words so that a
-- host can read them: the same columns as in SQLite, so that what reads their rows is the same too.

-- One row a board: its head. Every commit locks and writes it, which is what makes seq dense; `access`
-- (postcard) is here for the same reason: who may draw is decided under that lock.
-- title and mode repeat what the log says, so that lists of boards need not replay it.
-- A commit changes no indexed column, and half of each page is left free, so that the new version of the row
-- finds room beside the old one and no index is touched. Rows are hot and few: vacuumed often, at little cost.
CREATE TABLE boards (
    id         BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    epoch      BIGINT NOT NULL CHECK (epoch > 0),
    head_seq   BIGINT NOT NULL CHECK (head_seq >= 0),
    head_chain BYTEA  NOT NULL CHECK (octet_length(head_chain) = 8),
    snap_seq   BIGINT NOT NULL CHECK (snap_seq >= 0),
    -- Ops up to here may be gone: a snapshot at exactly this seq stands for them.
    floor_seq  BIGINT NOT NULL CHECK (floor_seq >= 0),
    title      TEXT   NOT NULL,
    mode       TEXT   NOT NULL CHECK (mode IN ('everyone', 'presenters')),
    owner      BYTEA  NOT NULL CHECK (octet_length(owner) = 16),
    access     BYTEA  NOT NULL,
    -- readonly: its log was found damaged; nothing may be put after the damage.
    state      TEXT   NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'readonly')),
    created_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The log. The unique key answers "which seq did my retry get?" and is the last defence against applying an op
-- twice: a bug becomes an error.
CREATE TABLE ops (
    board_id   BYTEA  NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    seq        BIGINT NOT NULL CHECK (seq > 0),
    client_id  BYTEA  NOT NULL CHECK (octet_length(client_id) = 16),
    client_seq BIGINT NOT NULL CHECK (client_seq > 0),
    author     BYTEA  NOT NULL CHECK (octet_length(author) = 16),
    at_ms      BIGINT NOT NULL,
    body       BYTEA  NOT NULL,
    chain      BYTEA  NOT NULL CHECK (octet_length(chain) = 8),
    PRIMARY KEY (board_id, seq),
    UNIQUE (board_id, client_id, client_seq)
);

-- How far each client's queue is in the log. Outlives the ops, so that an old retry is known for what it is.
CREATE TABLE clients (
    board_id        BYTEA  NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    client_id       BYTEA  NOT NULL CHECK (octet_length(client_id) = 16),
    last_client_seq BIGINT NOT NULL CHECK (last_client_seq > 0),
    person          BYTEA  NOT NULL CHECK (octet_length(person) = 16),
    seen_at         BIGINT NOT NULL,
    PRIMARY KEY (board_id, client_id)
) WITH (fillfactor = 70);

-- Whole documents. Snapshots are compact already: compressing them again would only cost time.
CREATE TABLE snapshots (
    board_id BYTEA  NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    epoch    BIGINT NOT NULL CHECK (epoch > 0),
    seq      BIGINT NOT NULL CHECK (seq >= 0),
    chain    BYTEA  NOT NULL CHECK (octet_length(chain) = 8),
    sha256   BYTEA  NOT NULL CHECK (octet_length(sha256) = 32),
    body     BYTEA  NOT NULL,
    PRIMARY KEY (board_id, epoch, seq)
);
ALTER TABLE snapshots ALTER COLUMN body SET STORAGE EXTERNAL;

-- Guests, by the id that their signed cookie holds.
CREATE TABLE people (
    id         BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    name       TEXT   NOT NULL,
    colour     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

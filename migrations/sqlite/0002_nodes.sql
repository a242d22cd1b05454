-- Servers that are running on this database, so that each knows whether all of them hear each other.
--
-- A server writes its row again and again; a row that grows old is of one that is gone, whatever it said last.
-- beat_at is ms since 1970 by the database's clock: servers' clocks differ.
CREATE TABLE nodes (
    id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    -- 1: what other servers tell it may not arrive.
    degraded INTEGER NOT NULL CHECK (degraded IN (0, 1)),
    beat_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

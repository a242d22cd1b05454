-- Servers that are running on this database, so that each knows whether all of them hear each other.
--
-- A server writes its row again and again; a row that grows old is of one that is gone, whatever it said last.
-- beat_at is ms since 1970 by the database's clock: servers' clocks differ.
CREATE TABLE nodes (
    id       BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(id) = 8),
    -- What other servers are told by it may not arrive.
    degraded BOOLEAN NOT NULL,
    beat_at  BIGINT  NOT NULL
) WITH (fillfactor = 50);

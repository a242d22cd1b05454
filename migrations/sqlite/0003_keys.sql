-- What servers on one database share and nobody else may know, as the key that signs the cookies of guests.
CREATE TABLE keys (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

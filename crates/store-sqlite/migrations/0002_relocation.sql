-- At most one row: a copy of this installation to another engine. While it is begun only, nothing stands in a server's
-- way, but a server's start makes the copy void; once the installation has moved, nobody opens it any more.
CREATE TABLE relocation (
    copy_id  INTEGER NOT NULL PRIMARY KEY CHECK (copy_id > 0),
    target   TEXT    NOT NULL,
    begun_at INTEGER NOT NULL,
    moved_at INTEGER
) STRICT;

-- What the territory was until an instant, whole: the report of a snapshot names and draws the Comuni of then.
-- The entry is the record of the history that wrote the row.

CREATE TABLE territory_before (
    id BLOB NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    until BIGINT NOT NULL,
    author TEXT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX territory_before_until ON territory_before (until);

-- What verdicts and estimates rest on: sets that are loaded whole and never changed (criteria, prices, lots),
-- since when each is in force, and what a site was called before. The entry is the record of the history that
-- wrote the row.

CREATE TABLE edition (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT edition_kind CHECK (kind IN ('criteri', 'prezzi', 'lotti')),
    CONSTRAINT edition_name UNIQUE (kind, name)
);

-- From which day an edition is in force; the last day wins, and of one day the last row.
CREATE TABLE edition_force (
    id BLOB NOT NULL PRIMARY KEY,
    edition_id BLOB NOT NULL REFERENCES edition (id),
    day TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX edition_force_edition ON edition_force (edition_id);

-- What a site was until an instant.
CREATE TABLE site_before (
    id BLOB NOT NULL PRIMARY KEY,
    site_id BLOB NOT NULL REFERENCES site (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    until BIGINT NOT NULL,
    author TEXT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT site_before_kind CHECK (kind IN ('varco', 'postazione'))
);
CREATE INDEX site_before_site ON site_before (site_id, until);

-- What reviewers decided of two devices of different bodies: that they are one, of which one is kept
-- and the other absorbed, or that they are two. A decision that was taken back is ended, never
-- removed; of a pair, and of an absorbed device, at most one decision is open. The entries are the records of
-- the history that wrote it and that ended it.

CREATE TABLE merge (
    id BLOB NOT NULL PRIMARY KEY,
    kept_device BLOB NOT NULL REFERENCES device (id),
    absorbed_device BLOB NOT NULL REFERENCES device (id),
    merged_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    entry_id BLOB NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    ended_reason TEXT,
    ended_entry BLOB,
    CONSTRAINT merge_two CHECK (kept_device <> absorbed_device),
    CONSTRAINT merge_end CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_reason IS NULL)
        AND (ended_at IS NULL) = (ended_entry IS NULL))
);
CREATE UNIQUE INDEX merge_absorbed ON merge (absorbed_device) WHERE ended_at IS NULL;
CREATE INDEX merge_absorbed_time ON merge (absorbed_device, merged_at, ended_at);
CREATE INDEX merge_kept ON merge (kept_device);
CREATE INDEX merge_time ON merge (merged_at);

-- The devices of a pair stand in the order of their identifiers.
CREATE TABLE distinct_pair (
    id BLOB NOT NULL PRIMARY KEY,
    first_device BLOB NOT NULL REFERENCES device (id),
    second_device BLOB NOT NULL REFERENCES device (id),
    decided_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    entry_id BLOB NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    ended_reason TEXT,
    ended_entry BLOB,
    CONSTRAINT distinct_pair_order CHECK (first_device < second_device),
    CONSTRAINT distinct_pair_end CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_reason IS NULL)
        AND (ended_at IS NULL) = (ended_entry IS NULL))
);
CREATE UNIQUE INDEX distinct_pair_open ON distinct_pair (first_device, second_device) WHERE ended_at IS NULL;
CREATE INDEX distinct_pair_second ON distinct_pair (second_device);
CREATE INDEX distinct_pair_first ON distinct_pair (first_device);
CREATE INDEX distinct_pair_time ON distinct_pair (decided_at);

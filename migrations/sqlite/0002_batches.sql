-- Files on their way in: what was sent, what each row would do, and what became of it. A revision
-- says which batch wrote it, so that a batch can be undone.

CREATE TABLE batch (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    author TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    cancelled BOOLEAN NOT NULL,
    request TEXT NOT NULL,
    summary TEXT NOT NULL,
    problem TEXT NOT NULL,
    body_code TEXT REFERENCES body (code),
    undoes BLOB REFERENCES batch (id),
    CONSTRAINT batch_source CHECK (source IN ('file', 'comando')),
    CONSTRAINT batch_state CHECK (state IN ('lettura', 'esame', 'pronta', 'conferma', 'confermata', 'annullata', 'abbandonata', 'fallita'))
);
CREATE INDEX batch_time ON batch (created_at);
CREATE INDEX batch_undoes ON batch (undoes);

CREATE TABLE batch_part (
    batch_id BLOB NOT NULL REFERENCES batch (id),
    number BIGINT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (batch_id, number)
);

CREATE TABLE batch_row (
    batch_id BLOB NOT NULL REFERENCES batch (id),
    record BIGINT NOT NULL,
    line BIGINT NOT NULL,
    cells TEXT NOT NULL,
    edits TEXT NOT NULL,
    base BIGINT,
    fate TEXT NOT NULL,
    ente TEXT NOT NULL,
    codice TEXT NOT NULL,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    codes TEXT NOT NULL,
    judgement TEXT NOT NULL,
    PRIMARY KEY (batch_id, record),
    CONSTRAINT batch_row_fate CHECK (fate IN ('nuova', 'modificata', 'invariata', 'conflitto', 'rifiutata', 'esclusa'))
);
CREATE INDEX batch_row_fate ON batch_row (batch_id, fate, record);

CREATE TABLE scheme (
    body_code TEXT NOT NULL PRIMARY KEY REFERENCES body (code),
    content TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

ALTER TABLE revision ADD COLUMN batch_id BLOB REFERENCES batch (id);
CREATE INDEX revision_batch ON revision (batch_id) WHERE batch_id IS NOT NULL;

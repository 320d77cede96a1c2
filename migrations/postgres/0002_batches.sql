-- Files on their way in: what was sent, what each row would do, and what became of it. A revision
-- says which batch wrote it, so that a batch can be undone.

CREATE TABLE batch (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    cancelled BOOLEAN NOT NULL,
    request TEXT NOT NULL,
    summary TEXT NOT NULL,
    problem TEXT NOT NULL,
    body_code TEXT COLLATE "C" REFERENCES body (code),
    undoes UUID REFERENCES batch (id),
    CONSTRAINT batch_source CHECK (source IN ('file', 'comando')),
    CONSTRAINT batch_state CHECK (state IN ('lettura', 'esame', 'pronta', 'conferma', 'confermata', 'annullata', 'abbandonata', 'fallita'))
);
CREATE INDEX batch_time ON batch (created_at);
CREATE INDEX batch_undoes ON batch (undoes);

CREATE TABLE batch_part (
    batch_id UUID NOT NULL REFERENCES batch (id),
    number BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (batch_id, number)
);

CREATE TABLE batch_row (
    batch_id UUID NOT NULL REFERENCES batch (id),
    record BIGINT NOT NULL,
    line BIGINT NOT NULL,
    cells TEXT NOT NULL,
    edits TEXT NOT NULL,
    base BIGINT,
    fate TEXT COLLATE "C" NOT NULL,
    ente TEXT COLLATE "C" NOT NULL,
    codice TEXT COLLATE "C" NOT NULL,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    codes TEXT COLLATE "C" NOT NULL,
    judgement TEXT NOT NULL,
    PRIMARY KEY (batch_id, record),
    CONSTRAINT batch_row_fate CHECK (fate IN ('nuova', 'modificata', 'invariata', 'conflitto', 'rifiutata', 'esclusa'))
);
CREATE INDEX batch_row_fate ON batch_row (batch_id, fate, record);

CREATE TABLE scheme (
    body_code TEXT COLLATE "C" PRIMARY KEY REFERENCES body (code),
    content TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

ALTER TABLE revision ADD COLUMN batch_id UUID REFERENCES batch (id);
CREATE INDEX revision_batch ON revision (batch_id) WHERE batch_id IS NOT NULL;

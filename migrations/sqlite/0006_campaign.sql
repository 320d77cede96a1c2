-- The campaign: how far every body has come, what is due, what it declared, and what people are told.

-- The board counts from these alone. The first holds everything it asks of what bodies are working on; the
-- others hold few rows: what waits, what was sent back, what was taken out, what was edited after it was accepted,
-- what was said that changes what a body stands by. SQLite reads an index alone only where the columns of its
-- condition stand in it too.
CREATE INDEX revision_board ON revision (ente, stage, missing, warnings, asked, known, working, withdrawn) WHERE working AND NOT withdrawn;
CREATE INDEX revision_waiting ON revision (ente, submitted_at, stage) WHERE stage = 'inviata';
CREATE INDEX revision_sent_back ON revision (ente, device_id, id, working, stage) WHERE working AND stage = 'rimandata';
CREATE INDEX revision_taken_out ON revision (ente, stage, device_id, working, withdrawn) WHERE working AND withdrawn;
CREATE INDEX revision_accepted_apart ON revision (ente, withdrawn, accepted, working) WHERE accepted AND NOT working;
CREATE INDEX review_sent ON review (body_code, at, kind) WHERE kind IN ('invio', 'convalida_parziale');

-- By when a body is asked for its declaration: rows are only added, the last one counts; an empty day takes
-- the date away. The entry is the record of the history that wrote the row, here and below.
CREATE TABLE due (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    day TEXT NOT NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX due_body ON due (body_code, at);

-- What a body declared: rows are only added. The figures are how many devices for each function and state, the
-- hash is of the revisions that are declared.
CREATE TABLE declaration (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    signer TEXT NOT NULL,
    kind TEXT NOT NULL,
    devices BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    figures TEXT NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT declaration_kind CHECK (kind IN ('dichiarazione', 'nessuna_variazione'))
);
CREATE INDEX declaration_body ON declaration (body_code, at);

-- What a person is told. What they have not read yet of one body and one kind is one row, that counts.
CREATE TABLE notice (
    id BLOB NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    body_code TEXT NOT NULL REFERENCES body (code),
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    devices BIGINT NOT NULL,
    device_id BLOB REFERENCES device (id),
    text TEXT NOT NULL,
    read_at BIGINT,
    CONSTRAINT notice_kind CHECK (kind IN ('rimandato', 'convalidato', 'scadenza', 'modificato', 'messaggio', 'convalidato_in_parte', 'unione'))
);
CREATE UNIQUE INDEX notice_unread ON notice (account, body_code, kind) WHERE read_at IS NULL;
CREATE INDEX notice_account ON notice (account, at);

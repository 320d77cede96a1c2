-- How bodies take part: steps, acts and seats, which are only ever added, the documents behind them,
-- and whom to ring, which is replaced or erased. The entry of a row is the record of the history that wrote it.

CREATE TABLE document (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT document_kind CHECK (kind IN ('pdf', 'odt', 'docx', 'xlsx', 'ods', 'png', 'jpeg', 'p7m'))
);
CREATE INDEX document_body ON document (body_code);

CREATE TABLE document_part (
    document_id BLOB NOT NULL REFERENCES document (id),
    number BIGINT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (document_id, number)
);

-- A row without a step annuls another.
CREATE TABLE adhesion_step (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    step TEXT,
    annuls BLOB REFERENCES adhesion_step (id),
    number TEXT NOT NULL,
    date TEXT NOT NULL,
    note TEXT NOT NULL,
    document_id BLOB REFERENCES document (id),
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT adhesion_step_step CHECK (step IN ('interessato', 'delibera', 'protocollo_firmato', 'revocato')),
    CONSTRAINT adhesion_step_said CHECK ((step IS NULL) <> (annuls IS NULL)),
    CONSTRAINT adhesion_step_annuls UNIQUE (annuls)
);
CREATE INDEX adhesion_step_body ON adhesion_step (body_code, recorded_at);

CREATE TABLE act (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    number TEXT NOT NULL,
    date TEXT NOT NULL,
    names_readers TEXT NOT NULL,
    lists_places TEXT NOT NULL,
    note TEXT NOT NULL,
    document_id BLOB REFERENCES document (id),
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT act_kind CHECK (kind IN ('patto', 'cposp', 'protocollo_scntt', 'dpia', 'regolamento', 'server_questura'))
);
CREATE INDEX act_body ON act (body_code, recorded_at);

CREATE TABLE seat (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    address TEXT NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    position_text TEXT NOT NULL,
    position_crs TEXT NOT NULL,
    position_operation TEXT NOT NULL,
    position_accuracy_m DOUBLE PRECISION NOT NULL,
    fibre TEXT NOT NULL,
    fibre_date TEXT NOT NULL,
    note TEXT NOT NULL,
    document_id BLOB REFERENCES document (id),
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT seat_point CHECK (lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180),
    CONSTRAINT seat_fibre CHECK (fibre IN ('si', 'prevista', 'no', 'non_noto'))
);
CREATE INDEX seat_body ON seat (body_code, recorded_at);

-- Personal data: one row for a body, written over or deleted.
CREATE TABLE contact (
    body_code TEXT NOT NULL PRIMARY KEY REFERENCES body (code),
    name TEXT NOT NULL,
    office TEXT NOT NULL,
    email TEXT NOT NULL,
    telephone TEXT NOT NULL,
    author TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Review, and the history of what was done. A revision has a third mark, `inviata`: the state that waits for a
-- reviewer, at most one for a device. Its hash is of all it says; the entry is the record of the history that
-- covers it. From and until when it was the accepted state is kept, so that any past instant can be asked.

ALTER TABLE revision ADD COLUMN stage TEXT COLLATE "C" NOT NULL DEFAULT 'bozza'
    CONSTRAINT revision_stage CHECK (stage IN ('bozza', 'inviata', 'rimandata', 'convalidata', 'superata'));
ALTER TABLE revision ADD COLUMN submitted_at BIGINT;
ALTER TABLE revision ADD COLUMN accepted_from BIGINT;
ALTER TABLE revision ADD COLUMN accepted_to BIGINT;
ALTER TABLE revision ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN known BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN hash TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE revision ADD COLUMN entry_id UUID;
UPDATE revision SET stage = 'convalidata', accepted_from = written_at WHERE accepted;
CREATE UNIQUE INDEX revision_submitted ON revision (device_id) WHERE stage = 'inviata';
CREATE INDEX revision_submitted_code ON revision (ente, codice) WHERE stage = 'inviata';
-- What is published has one device for a code of a body.
CREATE UNIQUE INDEX revision_published_code ON revision (ente, codice) WHERE accepted AND NOT withdrawn;
CREATE INDEX revision_accepted_site ON revision (ente, sito) WHERE accepted;
CREATE INDEX revision_ever_accepted ON revision (ente, codice, device_id) WHERE accepted_from IS NOT NULL;

-- What was said of a device or of a body's census in review, in order: sent, accepted, sent back, or only said.
CREATE TABLE review (
    id UUID NOT NULL PRIMARY KEY,
    body_code TEXT COLLATE "C" NOT NULL REFERENCES body (code),
    device_id UUID REFERENCES device (id),
    revision_id UUID REFERENCES revision (id),
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    text TEXT NOT NULL,
    fields TEXT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    entry_id UUID NOT NULL,
    CONSTRAINT review_kind CHECK (kind IN ('invio', 'convalida', 'convalida_parziale', 'rinvio', 'messaggio'))
);
CREATE INDEX review_device ON review (device_id, at);
CREATE INDEX review_body ON review (body_code, at);

-- Which reviewer has a body's census in hand.
CREATE TABLE claim (
    body_code TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES body (code),
    account TEXT COLLATE "C" NOT NULL,
    claimed_at BIGINT NOT NULL
);

-- The census frozen at an instant: what was accepted then. The revisions stay where they are.
CREATE TABLE snapshot (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    devices BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    CONSTRAINT snapshot_name UNIQUE (name)
);

-- The history: never changed, never pruned; each record holds the hash of the one before.
CREATE TABLE journal (
    number BIGINT NOT NULL PRIMARY KEY,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    body_code TEXT COLLATE "C",
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT NOT NULL,
    seal TEXT COLLATE "C" NOT NULL,
    previous TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    CONSTRAINT journal_id UNIQUE (id)
);
CREATE INDEX journal_act ON journal (act, number);
CREATE INDEX journal_account ON journal (account, number);
CREATE INDEX journal_body ON journal (body_code, number);
CREATE INDEX journal_subject ON journal (subject, number);

-- Where the history ends: its one row is what whoever adds a record holds.
CREATE TABLE journal_end (
    one BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    CONSTRAINT journal_end_one CHECK (one = 1)
);
INSERT INTO journal_end (one, number, at, hash) VALUES (1, 0, 0, '');

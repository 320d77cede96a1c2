-- The catalogues: what is known of programs, of their standing towards the national system, and of makes and models.
-- Rows are only ever added: the last of a name is the present one, and a past instant is asked of the rows recorded until
-- then. The entry of a row is the record of the history that wrote it.

CREATE TABLE product_entry (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL REFERENCES software (name),
    producer TEXT NOT NULL,
    kind TEXT NOT NULL,
    versions TEXT NOT NULL,
    note TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX product_entry_name ON product_entry (name, recorded_at);

CREATE TABLE product_standing (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL REFERENCES software (name),
    standing TEXT NOT NULL,
    source TEXT NOT NULL,
    grade TEXT NOT NULL,
    date TEXT NOT NULL,
    version TEXT NOT NULL,
    note TEXT NOT NULL,
    document_id BLOB REFERENCES document (id),
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX product_standing_name ON product_standing (name, recorded_at);

-- A proposed name that means an entry of the catalogue; without a target it means nothing any more.
CREATE TABLE product_merge (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL REFERENCES software (name),
    target TEXT REFERENCES software (name),
    note TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX product_merge_name ON product_merge (name, recorded_at);

-- What a model has, attribute by attribute as a device states it; empty where it is not known.
CREATE TABLE model_entry (
    id BLOB NOT NULL PRIMARY KEY,
    make TEXT NOT NULL,
    model TEXT NOT NULL,
    forma TEXT NOT NULL,
    ocr TEXT NOT NULL,
    illuminatore_ir TEXT NOT NULL,
    risoluzione_mp TEXT NOT NULL,
    punti_ripresa TEXT NOT NULL,
    angolo TEXT NOT NULL,
    reading TEXT NOT NULL,
    reading_class TEXT NOT NULL,
    source TEXT NOT NULL,
    grade TEXT NOT NULL,
    note TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL
);
CREATE INDEX model_entry_name ON model_entry (make, model, recorded_at);

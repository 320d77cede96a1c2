-- The catalogues: what is known of programs, of their standing towards the national system, and of makes and models.
-- Rows are only ever added: the last of a name is the present one, and a past instant is asked of the rows recorded until
-- then. The entry of a row is the record of the history that wrote it.

CREATE TABLE product_entry (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL REFERENCES software (name),
    producer TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    versions TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id UUID NOT NULL
);
CREATE INDEX product_entry_name ON product_entry (name, recorded_at);

CREATE TABLE product_standing (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL REFERENCES software (name),
    standing TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    grade TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    document_id UUID REFERENCES document (id),
    author TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id UUID NOT NULL
);
CREATE INDEX product_standing_name ON product_standing (name, recorded_at);

-- A proposed name that means an entry of the catalogue; without a target it means nothing any more.
CREATE TABLE product_merge (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL REFERENCES software (name),
    target TEXT COLLATE "C" REFERENCES software (name),
    note TEXT COLLATE "C" NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id UUID NOT NULL
);
CREATE INDEX product_merge_name ON product_merge (name, recorded_at);

-- What a model has, attribute by attribute as a device states it; empty where it is not known.
CREATE TABLE model_entry (
    id UUID NOT NULL PRIMARY KEY,
    make TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    forma TEXT COLLATE "C" NOT NULL,
    ocr TEXT COLLATE "C" NOT NULL,
    illuminatore_ir TEXT COLLATE "C" NOT NULL,
    risoluzione_mp TEXT COLLATE "C" NOT NULL,
    punti_ripresa TEXT COLLATE "C" NOT NULL,
    angolo TEXT COLLATE "C" NOT NULL,
    reading TEXT COLLATE "C" NOT NULL,
    reading_class TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    grade TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id UUID NOT NULL
);
CREATE INDEX model_entry_name ON model_entry (make, model, recorded_at);

-- The census: territory, bodies, people, devices and their revisions.
-- Times are microseconds since 1970-01-01 UTC. The same names exist on the other engine, where a
-- primary key is never null without being told.

CREATE TABLE municipality (
    istat TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    belfiore TEXT NOT NULL,
    province TEXT NOT NULL,
    covered BOOLEAN NOT NULL,
    boundary TEXT NOT NULL
);

CREATE TABLE body (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    CONSTRAINT body_kind CHECK (kind IN ('comune', 'coordinatore', 'unione', 'societa', 'concessionario', 'altro'))
);

CREATE TABLE person (
    id BLOB NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    CONSTRAINT person_account UNIQUE (account)
);

CREATE TABLE person_role (
    person_id BLOB NOT NULL REFERENCES person (id),
    role TEXT NOT NULL,
    body_code TEXT NOT NULL REFERENCES body (code),
    PRIMARY KEY (person_id, role, body_code),
    CONSTRAINT person_role_role CHECK (role IN ('compilatore', 'validatore', 'osservatore', 'amministratore'))
);

CREATE TABLE session (
    token_hash TEXT NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES person (id),
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person_id);

CREATE TABLE software (
    name TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    CONSTRAINT software_state CHECK (state IN ('catalogo', 'proposta'))
);

CREATE TABLE site (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT site_code UNIQUE (body_code, code),
    CONSTRAINT site_kind CHECK (kind IN ('varco', 'postazione'))
);

CREATE TABLE device (
    id BLOB NOT NULL PRIMARY KEY,
    body_code TEXT NOT NULL REFERENCES body (code),
    code TEXT NOT NULL,
    number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT device_code UNIQUE (body_code, code)
);

-- One immutable state of a device. Only the two marks change: which revision is the working one and
-- which the accepted one, at most one of each for a device.
CREATE TABLE revision (
    id BLOB NOT NULL PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES device (id),
    number BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    source TEXT NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    working BOOLEAN NOT NULL,
    accepted BOOLEAN NOT NULL,
    codice TEXT NOT NULL,
    ente TEXT NOT NULL,
    comune TEXT NOT NULL,
    denominazione TEXT,
    sito TEXT,
    indirizzo TEXT,
    lat DOUBLE PRECISION NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    metodo_posizione TEXT,
    precisione_m DOUBLE PRECISION,
    funzione TEXT NOT NULL,
    forma TEXT,
    punti_ripresa BIGINT,
    installazione TEXT,
    stato TEXT NOT NULL,
    marca TEXT,
    modello TEXT,
    matricola TEXT,
    firmware TEXT,
    anno_installazione BIGINT,
    risoluzione_mp DOUBLE PRECISION,
    illuminatore_ir TEXT,
    ocr TEXT,
    direzione TEXT,
    corsie BIGINT,
    azimut BIGINT,
    angolo DOUBLE PRECISION,
    portata_m DOUBLE PRECISION,
    transito_dati TEXT,
    transito_immagini TEXT,
    liste_nazionali TEXT,
    software TEXT,
    software_versione TEXT,
    protocolli TEXT,
    connettivita TEXT,
    vpn TEXT,
    sincronizzazione TEXT,
    cifratura TEXT,
    alimentazione TEXT,
    supporto TEXT,
    altezza_m DOUBLE PRECISION,
    stato_scntt TEXT,
    proprietario TEXT,
    gestore TEXT,
    lotto TEXT,
    finanziamento TEXT,
    cup TEXT,
    data_attivazione TEXT,
    manutenzione_scadenza TEXT,
    conservazione_giorni BIGINT,
    informativa TEXT,
    visibilita TEXT NOT NULL,
    note TEXT,
    position_text TEXT NOT NULL,
    position_crs TEXT NOT NULL,
    position_operation TEXT NOT NULL,
    position_accuracy_m DOUBLE PRECISION NOT NULL,
    confirmed TEXT NOT NULL,
    warnings BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    search TEXT NOT NULL,
    CONSTRAINT revision_number UNIQUE (device_id, number),
    CONSTRAINT revision_source CHECK (source IN ('modulo', 'file', 'comando', 'esempio')),
    CONSTRAINT revision_point CHECK (lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180)
);
CREATE UNIQUE INDEX revision_working ON revision (device_id) WHERE working;
CREATE UNIQUE INDEX revision_accepted ON revision (device_id) WHERE accepted;
CREATE INDEX revision_working_code ON revision (ente, codice) WHERE working;
CREATE INDEX revision_accepted_code ON revision (ente, codice) WHERE accepted;
CREATE INDEX revision_working_place ON revision (lat, lon) WHERE working;
CREATE INDEX revision_accepted_place ON revision (lat, lon) WHERE accepted;
CREATE INDEX revision_working_time ON revision (written_at, device_id) WHERE working;
CREATE INDEX revision_working_comune ON revision (comune) WHERE working;
CREATE INDEX revision_working_site ON revision (ente, sito) WHERE working;

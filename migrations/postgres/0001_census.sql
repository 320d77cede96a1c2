-- The census: territory, bodies, people, devices and their revisions.
-- Times are microseconds since 1970-01-01 UTC. The same names exist on the other engine.

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE municipality (
    istat TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    belfiore TEXT NOT NULL,
    province TEXT NOT NULL,
    covered BOOLEAN NOT NULL,
    boundary TEXT NOT NULL
);

CREATE TABLE body (
    code TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    CONSTRAINT body_kind CHECK (kind IN ('comune', 'coordinatore', 'unione', 'societa', 'concessionario', 'altro'))
);

CREATE TABLE person (
    id UUID PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    CONSTRAINT person_account UNIQUE (account)
);

CREATE TABLE person_role (
    person_id UUID NOT NULL REFERENCES person (id),
    role TEXT COLLATE "C" NOT NULL,
    body_code TEXT COLLATE "C" NOT NULL REFERENCES body (code),
    PRIMARY KEY (person_id, role, body_code),
    CONSTRAINT person_role_role CHECK (role IN ('compilatore', 'validatore', 'osservatore', 'amministratore'))
);

CREATE TABLE session (
    token_hash TEXT COLLATE "C" PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES person (id),
    csrf TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person_id);

CREATE TABLE software (
    name TEXT COLLATE "C" PRIMARY KEY,
    state TEXT COLLATE "C" NOT NULL,
    CONSTRAINT software_state CHECK (state IN ('catalogo', 'proposta'))
);

CREATE TABLE site (
    id UUID PRIMARY KEY,
    body_code TEXT COLLATE "C" NOT NULL REFERENCES body (code),
    code TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT site_code UNIQUE (body_code, code),
    CONSTRAINT site_kind CHECK (kind IN ('varco', 'postazione'))
);

CREATE TABLE device (
    id UUID PRIMARY KEY,
    body_code TEXT COLLATE "C" NOT NULL REFERENCES body (code),
    code TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT device_code UNIQUE (body_code, code)
);

-- One immutable state of a device. Only the two marks change: which revision is the working one and
-- which the accepted one, at most one of each for a device.
CREATE TABLE revision (
    id UUID PRIMARY KEY,
    device_id UUID NOT NULL REFERENCES device (id),
    number BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    working BOOLEAN NOT NULL,
    accepted BOOLEAN NOT NULL,
    codice TEXT COLLATE "C" NOT NULL,
    ente TEXT COLLATE "C" NOT NULL,
    comune TEXT COLLATE "C" NOT NULL,
    denominazione TEXT COLLATE "C",
    sito TEXT COLLATE "C",
    indirizzo TEXT COLLATE "C",
    lat DOUBLE PRECISION NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    metodo_posizione TEXT COLLATE "C",
    precisione_m DOUBLE PRECISION,
    funzione TEXT COLLATE "C" NOT NULL,
    forma TEXT COLLATE "C",
    punti_ripresa BIGINT,
    installazione TEXT COLLATE "C",
    stato TEXT COLLATE "C" NOT NULL,
    marca TEXT COLLATE "C",
    modello TEXT COLLATE "C",
    matricola TEXT COLLATE "C",
    firmware TEXT COLLATE "C",
    anno_installazione BIGINT,
    risoluzione_mp DOUBLE PRECISION,
    illuminatore_ir TEXT COLLATE "C",
    ocr TEXT COLLATE "C",
    direzione TEXT COLLATE "C",
    corsie BIGINT,
    azimut BIGINT,
    angolo DOUBLE PRECISION,
    portata_m DOUBLE PRECISION,
    transito_dati TEXT COLLATE "C",
    transito_immagini TEXT COLLATE "C",
    liste_nazionali TEXT COLLATE "C",
    software TEXT COLLATE "C",
    software_versione TEXT COLLATE "C",
    protocolli TEXT COLLATE "C",
    connettivita TEXT COLLATE "C",
    vpn TEXT COLLATE "C",
    sincronizzazione TEXT COLLATE "C",
    cifratura TEXT COLLATE "C",
    alimentazione TEXT COLLATE "C",
    supporto TEXT COLLATE "C",
    altezza_m DOUBLE PRECISION,
    stato_scntt TEXT COLLATE "C",
    proprietario TEXT COLLATE "C",
    gestore TEXT COLLATE "C",
    lotto TEXT COLLATE "C",
    finanziamento TEXT COLLATE "C",
    cup TEXT COLLATE "C",
    data_attivazione TEXT COLLATE "C",
    manutenzione_scadenza TEXT COLLATE "C",
    conservazione_giorni BIGINT,
    informativa TEXT COLLATE "C",
    visibilita TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C",
    position_text TEXT NOT NULL,
    position_crs TEXT COLLATE "C" NOT NULL,
    position_operation TEXT COLLATE "C" NOT NULL,
    position_accuracy_m DOUBLE PRECISION NOT NULL,
    confirmed TEXT NOT NULL,
    warnings BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    search TEXT NOT NULL,
    -- A geometry for QGIS and PostGIS; inserts stay the same on both engines.
    geom geometry(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
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
CREATE INDEX revision_geom ON revision USING gist (geom);

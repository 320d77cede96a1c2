-- Reference layers: what others know of the territory. Rows are only ever added: another edition is another
-- layer, and that one was taken away is a row too. The entry is the record of the history that wrote the row.

CREATE TABLE reference_layer (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    licence TEXT NOT NULL,
    dated TEXT NOT NULL,
    audience TEXT NOT NULL,
    crs TEXT NOT NULL,
    features BIGINT NOT NULL,
    west DOUBLE PRECISION NOT NULL,
    south DOUBLE PRECISION NOT NULL,
    east DOUBLE PRECISION NOT NULL,
    north DOUBLE PRECISION NOT NULL,
    hash TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT reference_layer_kind CHECK (kind IN ('fibra', 'cavidotti', 'strade', 'arir', 'scuole', 'altro')),
    CONSTRAINT reference_layer_audience CHECK (audience IN ('riservato', 'enti'))
);
CREATE INDEX reference_layer_recorded ON reference_layer (recorded_at);

CREATE TABLE reference_withdrawal (
    id BLOB NOT NULL PRIMARY KEY,
    layer_id BLOB NOT NULL REFERENCES reference_layer (id),
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    entry_id BLOB NOT NULL,
    CONSTRAINT reference_withdrawal_layer UNIQUE (layer_id)
);

-- The geometry is GeoJSON, WGS 84; the box around it is for tiles. The hash of the layer covers all of it.
CREATE TABLE reference_feature (
    layer_id BLOB NOT NULL REFERENCES reference_layer (id),
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    geometry TEXT NOT NULL,
    west DOUBLE PRECISION NOT NULL,
    south DOUBLE PRECISION NOT NULL,
    east DOUBLE PRECISION NOT NULL,
    north DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (layer_id, number)
);
CREATE INDEX reference_feature_box ON reference_feature (layer_id, south, north, west, east);
